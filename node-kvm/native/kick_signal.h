#pragma once

// The real-time signal that brings a vCPU thread out of KVM_RUN, its handler installed at the first call: the first one
// nobody else in the process handles. 0 where all are taken.
int KickSignal();

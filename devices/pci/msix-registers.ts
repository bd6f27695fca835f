/** The register tables of MSI-X: capability, table entry, pending bits. */
import { registerBlock } from '../../bytes/registers.ts';

/** Bits of the message control register. @spec PCI Local Bus 3.0 §6.8.2.3 Message Control for MSI-X */
export const MESSAGE_CONTROL = { functionMask: 0x4000, enable: 0x8000 } as const;

/** What the capability asks of its owner. */
export interface MsixCapabilityOwner {
  controlWritten(): void;
}

/** The capability in configuration space. @spec PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures */
export const msixCapability = registerBlock<MsixCapabilityOwner>('msix_capability', [
  {
    name: 'capability_id',
    at: 0x0,
    width: 1,
    access: 'ro',
    reset: 0x11,
    spec: 'PCI Local Bus 3.0 §6.8.2.1 Capability ID for MSI-X',
    doc: 'Says that this is MSI-X.',
  },
  {
    name: 'next_pointer',
    at: 0x1,
    width: 1,
    access: 'ro',
    reset: 0,
    spec: 'PCI Local Bus 3.0 §6.8.2.2 Next Pointer for MSI-X',
    doc: 'Offset of the next capability, 0 for the last.',
  },
  {
    name: 'message_control',
    at: 0x2,
    width: 2,
    access: 'rw-masked',
    reset: 0,
    mask: 0xc000,
    spec: 'PCI Local Bus 3.0 §6.8.2.3 Message Control for MSI-X',
    doc: 'Number of vectors less one; whether MSI-X is on, and masked as a whole.',
    bits: { TABLE_SIZE: [0, 10], FUNCTION_MASK: 14, MSIX_ENABLE: 15 },
    write: (owner) => owner.controlWritten(),
  },
  {
    name: 'table',
    at: 0x4,
    width: 4,
    access: 'ro',
    reset: 0,
    spec: 'PCI Local Bus 3.0 §6.8.2.4 Table Offset/Table BIR for MSI-X',
    doc: 'Where the table is.',
    bits: { BIR: [0, 2] },
  },
  {
    name: 'pba',
    at: 0x8,
    width: 4,
    access: 'ro',
    reset: 0,
    spec: 'PCI Local Bus 3.0 §6.8.2.5 PBA Offset/PBA BIR for MSI-X',
    doc: 'Where the pending bits are.',
    bits: { BIR: [0, 2] },
  },
]);

/** What a table entry asks of its owner. */
export interface MsixEntryOwner {
  vectorControlWritten(): void;
}

/** One vector. @spec PCI Local Bus 3.0 §6.8.2 MSI-X Capability and Table Structures */
export const msixEntry = registerBlock<MsixEntryOwner>('msix_entry', [
  {
    name: 'message_address',
    at: 0x0,
    width: 4,
    access: 'rw-masked',
    reset: 0,
    mask: 0xffff_fffc,
    spec: 'PCI Local Bus 3.0 §6.8.2.6 Message Address for MSI-X Table Entries',
    doc: 'Where the message is written, low half; a multiple of 4.',
  },
  {
    name: 'message_upper_address',
    at: 0x4,
    width: 4,
    access: 'rw',
    reset: 0,
    spec: 'PCI Local Bus 3.0 §6.8.2.7 Message Upper Address for MSI-X Table Entries',
    doc: 'Where the message is written, high half.',
  },
  {
    name: 'message_data',
    at: 0x8,
    width: 4,
    access: 'rw',
    reset: 0,
    spec: 'PCI Local Bus 3.0 §6.8.2.8 Message Data for MSI-X Table Entries',
    doc: 'What is written.',
  },
  {
    name: 'vector_control',
    at: 0xc,
    width: 4,
    access: 'rw-masked',
    reset: 1,
    mask: 1,
    spec: 'PCI Local Bus 3.0 §6.8.2.9 Vector Control for MSI-X Table Entries',
    doc: 'While masked, messages are held back as pending.',
    bits: { MASK: 0 },
    write: (owner) => owner.vectorControlWritten(),
  },
]);

/** 64 pending bits. @spec PCI Local Bus 3.0 §6.8.2.10 Pending Bits for MSI-X PBA Entries */
export const msixPending = registerBlock<() => bigint>('msix_pending', [
  {
    name: 'pending_bits',
    at: 0x0,
    width: 8,
    access: 'ro',
    reset: 0n,
    spec: 'PCI Local Bus 3.0 §6.8.2.10 Pending Bits for MSI-X PBA Entries',
    doc: 'Vectors whose message is held back.',
    read: (pending) => pending(),
  },
]);

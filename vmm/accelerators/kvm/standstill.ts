import type { Vcpu } from 'node-kvm';

/** Who may want the CPUs to stand still: whoever runs the machine, and the halt watch for a moment. */
export type Holder = 'owner' | 'halt-watch';

/** Brings all CPUs of a machine to a stop and lets them go on, for several holders: they run while nobody holds them. */
export class Standstill {
  readonly #vcpus: readonly Pick<Vcpu, 'state' | 'pause' | 'resume'>[];
  readonly #holders = new Set<Holder>();

  constructor(vcpus: readonly Pick<Vcpu, 'state' | 'pause' | 'resume'>[]) {
    this.#vcpus = vcpus;
  }

  /** True while `holder` holds the CPUs. */
  heldBy(holder: Holder): boolean {
    return this.#holders.has(holder);
  }

  /** Resolves when no CPU executes, or the machine has ended. Rejects where a CPU was not started. */
  async hold(holder: Holder): Promise<void> {
    this.#holders.add(holder);
    await Promise.all(this.#vcpus.map((vcpu) => vcpu.pause()));
  }

  /** Lets every CPU go on if nobody else holds them; one still on its way to a stop goes on when it gets there. */
  release(holder: Holder): void {
    this.#holders.delete(holder);
    for (const vcpu of this.#vcpus) {
      if (vcpu.state === 'paused') this.#letGo(vcpu);
      else if (vcpu.state === 'pausing' || vcpu.state === 'exited-pausing') {
        void vcpu.pause().then(() => this.#letGo(vcpu));
      }
    }
  }

  #letGo(vcpu: Pick<Vcpu, 'state' | 'resume'>): void {
    if (this.#holders.size === 0 && vcpu.state === 'paused') vcpu.resume();
  }
}

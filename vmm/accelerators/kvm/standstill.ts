import type { Vcpu } from 'node-kvm';

/** Who may want the CPUs to stand still: whoever runs the machine, whoever inspects it, and the halt watch for a moment. */
export type Holder = 'owner' | 'inspector' | 'halt-watch';

/** The part of a vCPU that is needed here. */
type Pausable = Pick<Vcpu, 'state' | 'pause' | 'resume'>;

/** Brings all CPUs of a machine to a stop and lets them go on, for several holders: they run while nobody holds them. */
export class Standstill {
  readonly #vcpus: readonly Pausable[];
  readonly #holders = new Set<Holder>();
  /** CPUs on their way to a stop. A second request could reach a CPU that has arrived, and stop it once more later. */
  readonly #parking = new Map<Pausable, Promise<void>>();

  constructor(vcpus: readonly Pausable[]) {
    this.#vcpus = vcpus;
  }

  /** True while `holder` holds the CPUs. */
  heldBy(holder: Holder): boolean {
    return this.#holders.has(holder);
  }

  /** Resolves when no CPU executes, or the machine has ended. Rejects where a CPU was not started. */
  async hold(holder: Holder): Promise<void> {
    this.#holders.add(holder);
    await Promise.all(this.#vcpus.map((vcpu) => this.#park(vcpu)));
  }

  /** Lets every CPU go on if nobody else holds them; one still on its way to a stop goes on when it gets there. */
  release(holder: Holder): void {
    this.#holders.delete(holder);
    for (const vcpu of this.#vcpus) {
      const parking = this.#parking.get(vcpu);
      if (parking === undefined) this.#letGo(vcpu);
      else
        parking.then(
          () => this.#letGo(vcpu),
          () => {},
        );
    }
  }

  #park(vcpu: Pausable): Promise<void> {
    const under = this.#parking.get(vcpu);
    if (under !== undefined) return under;
    const parking = vcpu.pause().finally(() => this.#parking.delete(vcpu));
    this.#parking.set(vcpu, parking);
    return parking;
  }

  #letGo(vcpu: Pausable): void {
    if (this.#holders.size === 0 && vcpu.state === 'paused') vcpu.resume();
  }
}

/** Reply areas that show whether somebody writes into one after its request has ended. */

const AREA = 8192;
const COUNT = 64;
const POISON = 0xa5;
const POISONED = Buffer.alloc(AREA, POISON);

/** Areas are used in turn, so each lies idle for a while, full of poison, before it is looked at and used again. */
export class ReplyAreas {
  private readonly idle: Uint8Array[] = Array.from({ length: COUNT }, () => Uint8Array.from(POISONED));
  private touched = false;

  take(): Uint8Array {
    const area = this.idle.shift() ?? Uint8Array.from(POISONED);
    this.touched ||= !isPoisoned(area);
    return area;
  }

  giveBack(area: Uint8Array): void {
    area.fill(POISON);
    this.idle.push(area);
  }

  /** Whether every area that lay or lies idle was left alone. */
  untouched(): boolean {
    return !this.touched && this.idle.every(isPoisoned);
  }
}

function isPoisoned(area: Uint8Array): boolean {
  return POISONED.equals(area);
}

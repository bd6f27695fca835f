import { checkArguments, type JsonObject, type MonitoredMachine, performCommand, VERSION } from './commands.ts';
import { ObjectCutter } from './object-cutter.ts';
import { QmpError } from './qmp-error.ts';

/** Longest request in bytes. */
const LONGEST_REQUEST = 2 ** 20;

const NEGOTIATION = 'qmp_capabilities';

/** One client of a monitor: it is greeted, agrees on capabilities, and from then on gives commands and hears of events. */
export class QmpSession {
  readonly #machine: MonitoredMachine;
  readonly #send: (text: string) => void | Promise<void>;
  readonly #cutter = new ObjectCutter(LONGEST_REQUEST);
  #negotiated = false;
  #closed = false;

  /** Sends the greeting. @param send takes one message without the end of its line; resolves when another may follow */
  constructor(machine: MonitoredMachine, send: (text: string) => void | Promise<void>) {
    this.#machine = machine;
    this.#send = send;
    void this.#say({ QMP: { version: VERSION, capabilities: [] } });
  }

  /** Answers every request that `bytes` complete; resolves when more may come. */
  async receive(bytes: Uint8Array): Promise<void> {
    for (const cut of this.#cutter.push(bytes)) {
      if (this.#closed) return;
      await this.#say('text' in cut ? this.#answer(cut.text) : failure(new QmpError(cut.wrong)));
    }
  }

  /** Tells the client of an event, if it has agreed on capabilities. */
  event(event: string, data: JsonObject): void {
    if (!this.#negotiated || this.#closed) return;
    const now = Date.now();
    const timestamp = { seconds: Math.floor(now / 1000), microseconds: (now % 1000) * 1000 };
    void this.#say({ timestamp, event, data });
  }

  /** The client is gone: nothing is sent any more. Idempotent. */
  close(): void {
    this.#closed = true;
  }

  #answer(text: string): JsonObject {
    let id: unknown;
    const withId = (answer: JsonObject) => (id === undefined ? answer : { ...answer, id });
    try {
      const request = parse(text);
      id = request.id;
      return withId({ return: this.#perform(request) });
    } catch (error) {
      if (error instanceof QmpError) return withId(failure(error));
      throw error;
    }
  }

  #perform({ id: _id, execute, arguments: given = {}, ...others }: JsonObject): unknown {
    if (execute === undefined) throw new QmpError("QMP input lacks member 'execute'");
    if (typeof execute !== 'string') throw new QmpError("QMP input member 'execute' must be a string");
    if (!isObject(given)) throw new QmpError("QMP input member 'arguments' must be an object");
    for (const name of Object.keys(others)) throw new QmpError(`QMP input member '${name}' is unexpected`);
    if (execute === NEGOTIATION) return this.#negotiate(given);
    if (!this.#negotiated) {
      throw new QmpError(`Expecting capabilities negotiation with '${NEGOTIATION}'`, 'CommandNotFound');
    }
    return performCommand(execute, given, this.#machine);
  }

  #negotiate(given: JsonObject): unknown {
    if (this.#negotiated) {
      throw new QmpError('Capabilities negotiation is already complete, command ignored', 'CommandNotFound');
    }
    checkArguments({ enable: 'array' }, given);
    const { enable = [] } = given as { readonly enable?: readonly unknown[] };
    if (enable.length > 0) throw new QmpError(`Capability ${String(enable[0])} not available`);
    this.#negotiated = true;
    return {};
  }

  async #say(message: JsonObject): Promise<void> {
    await this.#send(JSON.stringify(message));
  }
}

function parse(text: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new QmpError(`JSON parse error, ${error instanceof Error ? error.message : 'unknown'}`);
  }
  if (!isObject(value)) throw new QmpError('QMP input must be a JSON object');
  return value;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function failure({ errorClass, message }: QmpError): JsonObject {
  return { error: { class: errorClass, desc: message } };
}

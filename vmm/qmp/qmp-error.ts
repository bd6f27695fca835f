/** The classes of error a client can tell apart. @spec QEMU qapi/error.json QapiErrorClass */
export type QmpErrorClass = 'GenericError' | 'CommandNotFound';

/** A command could not be done; the message is the description a client is given. */
export class QmpError extends Error {
  override readonly name = 'QmpError';
  readonly errorClass: QmpErrorClass;

  constructor(message: string, errorClass: QmpErrorClass = 'GenericError') {
    super(message);
    this.errorClass = errorClass;
  }
}

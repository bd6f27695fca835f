/** The other side broke the rules of the protocol; the conversation with it is over. The message is one phrase. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

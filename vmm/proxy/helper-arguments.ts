import type { SecurityModel } from '../export-config.ts';

/** What a confined helper is told, as JSON in its first argument. */
export interface HelperArguments {
  /** The directory to serve; absolute, no symbolic link in it. */
  readonly path: string;
  readonly securityModel: SecurityModel;
  readonly readonly: boolean;
}

/** The descriptor by which a confined helper is spoken to. */
export const HELPER_FD = 3;

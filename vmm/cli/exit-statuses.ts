import { MACHINE_ENDS, PROCESS_STATUS } from '../exit-status.ts';
import type { ReferenceLine } from '../options/reference.ts';

/** Status of a process ended by signal `number`. */
export function signalStatus(number: number): number {
  return 128 + number;
}

/** Status of a process whose output nobody reads any more, as if by SIGPIPE. */
export const BROKEN_PIPE = signalStatus(13);

/** Every exit status of `tsvmm run` and what it means, lowest first. */
export function exitStatuses(): ReferenceLine[] {
  const meanings: (readonly [number, string])[] = [
    ...Object.values(MACHINE_ENDS).map(({ status, line }) => [status, line] as const),
    [PROCESS_STATUS.usage, 'bad options, or an input file or directory that will not do'],
    [PROCESS_STATUS.host, 'this host lacks something (see tsvmm doctor), or tsvmm failed'],
  ];
  const statuses = [...new Set(meanings.map(([status]) => status))].sort((a, b) => a - b);
  return [
    ...statuses.map((status) => ({
      written: String(status),
      meaning: meanings
        .filter(([other]) => other === status)
        .map(([, meaning]) => meaning)
        .join('; or '),
    })),
    { written: '128+N', meaning: 'tsvmm was ended by signal N' },
    { written: "COMMAND's own", meaning: 'with -- COMMAND, where the command ended' },
  ];
}

import { type Command, Option } from 'commander';
import type { InspectAddress } from '../inspect/listen.ts';
import { inspectAddress } from '../options/inspect.ts';
import { readPairs } from '../options/option-table.ts';
import { UsageError } from '../usage-error.ts';

/** What `tsvmm inspect` was asked for. */
export interface InspectFileRequest {
  readonly file: string;
  readonly address: InspectAddress;
}

const TABLE = {
  port: { type: inspectAddress, doc: 'where the page is served: 127.0.0.1 and a free port unless given' },
} as const;

/** Adds the command to the program; `found` gets what it asks for. */
export function describeInspect(program: Command, found: (request: InspectFileRequest) => void): void {
  const { type, doc } = TABLE.port;
  program
    .command('inspect')
    .usage('FILE [options]')
    .summary('show a recording in a page')
    .description(
      'Serves a page that shows what --record of tsvmm run or serve wrote, with a time slider, and prints its address. ' +
        'SIGINT and SIGTERM end it.',
    )
    .argument('[FILE]', 'a recording')
    .helpOption('-h, --help', 'print this help')
    .addOption(new Option(`--port <${type.notation}>`, doc))
    .action((file: string | undefined, { port }: { readonly port?: string }) => {
      if (file === undefined || file === '') throw new UsageError('inspect: lacks its file; write tsvmm inspect FILE');
      const pairs = port === undefined ? [] : [{ key: 'port', value: port }];
      found({ file, address: readPairs(TABLE, pairs, { option: 'inspect' }).port ?? { port: 0 } });
    });
}

/** What the numbers in 9P messages mean, and the errors. */
import { hex } from '../../bytes/register-text.ts';
import type { WireType } from '../../bytes/wire.ts';
import {
  ACCESS_MODE,
  DIRENT_TYPE,
  GETATTR_BITS,
  LOCK_FLAGS,
  LOCK_STATUS_NAMES,
  LOCK_TYPES,
  MODE,
  OPEN_FLAGS,
  SETATTR,
  UNLINK_FLAGS,
  XATTR_FLAGS,
} from '../../ninep/constants.ts';
import { ERRNO, errnoOf } from '../../ninep/errno.ts';
import { ACCESS, DM, OPEN } from '../../ninep/plan9.ts';
import { REFUSALS, REFUSALS_OF_ANY, type Refusal } from '../../ninep/refusals.ts';
import { countedStat, STAT_FIELDS } from '../../ninep/stat.ts';
import { formIn, isPresent } from '../../ninep/versions.ts';
import {
  fid,
  getattrMask,
  id,
  lockFlags,
  lockStatus,
  lockType,
  mode,
  NOFID,
  NOTAG,
  openFlags,
  openMode,
  perm,
  qid,
  setattrMask,
  tag,
  unlinkFlags,
  xattrFlags,
} from '../../ninep/wire-types.ts';
import { code, link, slug, table } from './markdown.ts';

/** One set of values and the types of fields that have them. */
export interface ConstantEntry {
  readonly title: string;
  /** A sentence or two, as Markdown. */
  readonly about: string;
  readonly types: readonly WireType<unknown>[];
  readonly values: readonly (readonly [name: string, value: string])[];
}

type Values = Readonly<Record<string, number | bigint>>;
const octal = (value: number | bigint) => `0${value.toString(8)}`;
const inHex = (values: Values) => Object.entries(values).map(([name, value]) => [name, hex(value)] as const);
const inOctal = (values: Values) => Object.entries(values).map(([name, value]) => [name, octal(value)] as const);
const counted = (names: readonly string[]) => names.map((name, value) => [name, String(value)] as const);

function statField(name: string, type: WireType<unknown>): string {
  const notation = code(formIn(type, '9P2000.u').notation(name));
  return isPresent(formIn(type, '9P2000')) ? notation : `${notation}, 9P2000.u`;
}

/** Every set, in the order of the page. */
export const CONSTANTS: readonly ConstantEntry[] = [
  {
    title: 'qid',
    about:
      '`type[1] version[4] path[8]`: which file it is on the server. The upper bits of `type` are those of a mode; `path` is the same for one file and no other, and `version` changes with it. *Plan 9 intro(5)*',
    types: [qid],
    values: [
      ['directory', '0x80'],
      ['append only', '0x40'],
      ['symbolic link', '0x2'],
      ['file', '0x0'],
    ],
  },
  {
    title: 'stat',
    about: `What a file is: a record behind its size in two bytes, in ${link('Rstat', '9p.md#rstat')} and ${link('Twstat', '9p.md#twstat')} behind one more count. Fields that 9P2000 does not have are of 9P2000.u. *Plan 9 stat(5), 9P2000.u stat*`,
    types: [countedStat],
    values: Object.entries(STAT_FIELDS).map(([name, type]) => [name, statField(name, type)] as const),
  },
  {
    title: 'fid',
    about: 'The reference a client uses for a file. *Plan 9 intro(5)*',
    types: [fid],
    values: [['NOFID', hex(NOFID)]],
  },
  {
    title: 'tag',
    about: 'The reference a client uses for a request. *Plan 9 intro(5)*',
    types: [tag],
    values: [['NOTAG', hex(NOTAG)]],
  },
  {
    title: 'User and group numbers',
    about: 'Those of Linux. *9P2000.u, 9P2000.L*',
    types: [id],
    values: [['none', '0xffffffff']],
  },
  {
    title: 'Open flags',
    about: `The lowest two bits are an access mode. *9P2000.L lopen*`,
    types: [openFlags],
    values: [
      ...inOctal({ O_RDONLY: ACCESS_MODE.O_RDONLY, O_WRONLY: ACCESS_MODE.O_WRONLY, O_RDWR: ACCESS_MODE.O_RDWR }),
      ...inOctal(OPEN_FLAGS),
    ],
  },
  {
    title: 'Linux file mode',
    about: 'Kind and permissions of a file, as in `st_mode`. *9P2000.L*',
    types: [mode],
    values: inOctal(MODE),
  },
  {
    title: 'Plan 9 open mode',
    about: 'The lowest two bits say what is done with the file. *Plan 9 open(5), 9P2000.u*',
    types: [openMode],
    values: inHex({ OREAD: ACCESS.OREAD, OWRITE: ACCESS.OWRITE, ORDWR: ACCESS.ORDWR, OEXEC: ACCESS.OEXEC, ...OPEN }),
  },
  {
    title: 'Plan 9 file mode',
    about: 'Bits above the nine of permission. *Plan 9 stat(5), 9P2000.u*',
    types: [perm],
    values: inHex(DM),
  },
  {
    title: 'Attributes asked for',
    about: '*9P2000.L getattr*',
    types: [getattrMask],
    values: inHex(GETATTR_BITS),
  },
  { title: 'Attributes to change', about: '*9P2000.L setattr*', types: [setattrMask], values: inHex(SETATTR) },
  {
    title: 'Flags of Tunlinkat',
    about: '*9P2000.L unlinkat*',
    types: [unlinkFlags],
    values: inHex(UNLINK_FLAGS),
  },
  {
    title: 'Flags of Txattrcreate',
    about: '*9P2000.L xattrcreate*',
    types: [xattrFlags],
    values: inHex(XATTR_FLAGS),
  },
  { title: 'Kinds of locks', about: '*9P2000.L lock*', types: [lockType], values: counted(LOCK_TYPES) },
  { title: 'Flags of Tlock', about: '*9P2000.L lock*', types: [lockFlags], values: inHex(LOCK_FLAGS) },
  {
    title: 'How Tlock ended',
    about: '*9P2000.L lock*',
    types: [lockStatus],
    values: counted(LOCK_STATUS_NAMES),
  },
  {
    title: 'Types of directory entries',
    about: `The type byte of an entry in the data of ${link('Rreaddir', '9p.md#rreaddir')}, each \`qid[13] offset[8] type[1] name[s]\`. *Linux dirent.h: DT_**`,
    types: [],
    values: counted([]).concat(Object.entries(DIRENT_TYPE).map(([name, value]) => [name, String(value)] as const)),
  },
];

/** The text of the page of constants, without its title. */
export function constantsPage(): string {
  const sections = CONSTANTS.map(
    ({ title, about, values }) =>
      `## ${title}\n\n${about}\n\n${table(
        ['name', 'value'],
        values.map(([name, value]) => [code(name), value]),
      )}`,
  );
  return [
    `What the fields of ${link('9P messages', '9p.md')} hold. Values that begin with 0 are octal.`,
    ...sections,
  ].join('\n\n');
}

/** The requests that the core refuses with an error whatever serves the files. */
function refusing(error: string): string[] {
  const has = (refusals: readonly Refusal[]) => refusals.some((refusal) => refusal.error === error);
  const named = Object.entries(REFUSALS).filter(([, refusals]) => has(refusals));
  const any = has(REFUSALS_OF_ANY) ? [link('any', '9p.md#errors-of-any-request')] : [];
  return [...any, ...named.map(([name]) => link(name, `9p.md#${slug(name)}`))];
}

/** The text of the page of errors, without its title. */
export function errorsPage(): string {
  const rows = Object.entries(ERRNO).map(([name, number]) => [
    code(name),
    String(number),
    errnoOf(number).text,
    refusing(name).join(', '),
  ]);
  return `What ${link('Rlerror', '9p.md#rlerror')} carries as \`ecode\` and ${link('Rerror', '9p.md#rerror')} as \`errno\` (9P2000.u) and as \`ename\`: the numbers of Linux on x86, whatever host serves. Of a number that is not listed the name is the number. *9P2000.L lerror; Linux errno(3)*; ${link('ninep/errno.ts', '../../ninep/errno.ts')}.

${table(['name', 'number', 'text of Rerror', 'given by the core itself to'], rows)}`;
}

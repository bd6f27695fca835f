import fc from 'fast-check';
import { operation } from '../../ninep/backends/memory/differential-arbitrary.ts';

/** Lists of operations. Locks are left out: they are the client's processes', and a single program has but one. */
export const operationLists = fc.array(
  operation.filter(({ do: what }) => what !== 'lock' && what !== 'getlock'),
  { maxLength: 400, size: 'max' },
);

/** Has a view drawn again after each change on the bench. */
import { useLayoutEffect, useState } from 'preact/hooks';
import type { Workbench } from '../workbench.ts';

/** Watches while the view is shown. */
export function useWorkbench(workbench: Workbench): void {
  const [, draw] = useState(0);
  useLayoutEffect(() => workbench.watch(() => draw((count) => count + 1)), [workbench]);
}

/** The page of the workbench: the inspector over a device that is in the page itself. */
import { render } from 'preact';
import { Shell } from '../inspector/page/shell.tsx';
import { showTheme, storedTheme } from '../inspector/page/theme.ts';
import { VIEWS } from '../inspector/page/views.ts';
import { workbenchViews } from './views/views.tsx';
import { Workbench } from './workbench.ts';

showTheme(storedTheme());
const workbench = new Workbench('tsvmm workbench');
render(<Shell inspected={workbench} views={[...workbenchViews(workbench), ...VIEWS]} />, document.body);

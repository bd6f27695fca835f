/**
 * The command `tsvmm`. It only ties the command line to what does the work, loaded when it is needed: a machine starts
 * without the doctor, and help without either.
 */
import { readFileSync } from 'node:fs';
import { lazyProgress } from './cli/lazy-progress.ts';
import { runProcess } from './cli/run-process.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

const progress = lazyProgress(async () => (await import('./fixtures/progress-bar.ts')).progressBar());

await runProcess({
  version,
  createMachine: async (config, hooks) => {
    const { VirtualMachine } = await import('./virtual-machine.ts');
    return VirtualMachine.create(config, { ...hooks, progress });
  },
  describeMachine: async (config, hooks) => {
    const { dryRun } = await import('./dry-run/dry-run.ts');
    return dryRun(config, hooks);
  },
  startQtest: async (request, hooks) => {
    const { startQtest } = await import('./qtest/start-qtest.ts');
    return startQtest(request, hooks);
  },
  openMonitors: async (endpoints, machine, onFailure) => {
    const { Monitors } = await import('./qmp/monitors.ts');
    return Monitors.open(endpoints, machine, onFailure);
  },
  openInspector: async (options) => {
    const { openInspector } = await import('./inspect/inspector.ts');
    return openInspector(options);
  },
  serve: async (config, hooks) => {
    const { serve } = await import('./serve/serve.ts');
    return serve(config, hooks);
  },
  proxyHelper: async (request, say) => {
    const { serveHelper } = await import('./proxy/helper-server.ts');
    return serveHelper(request, say);
  },
  kernel: async (action, options) => {
    const { performKernelAction } = await import('./cli/kernel-command.ts');
    return performKernelAction(action, options, progress);
  },
  inspectHost: async () => {
    const { inspectThisHost } = await import('./host/inspect.ts');
    return inspectThisHost();
  },
});

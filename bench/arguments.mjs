const ACCELERATORS = ['kvm', 'software', 'auto'];

/** The arguments `[RUNS] [--accel kvm|software|auto]` of the bench `name`; ends the process with status 2 where they are others. */
export function benchArguments(name, usualRuns) {
  const refuse = (line) => {
    console.error(`${name}: ${line}`);
    process.exit(2);
  };
  let [runs, accel] = [usualRuns, 'auto'];
  for (let at = 2; at < process.argv.length; at++) {
    if (process.argv[at] === '--accel') accel = process.argv[++at];
    else runs = Number(process.argv[at]);
  }
  if (!Number.isInteger(runs) || runs < 1) refuse('the number of runs is 1 or more');
  if (!ACCELERATORS.includes(accel)) refuse(`'${accel}' is no accelerator; give kvm, software or auto`);
  return { runs, accel };
}

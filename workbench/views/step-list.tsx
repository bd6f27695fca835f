/** The steps of initialisation. */
import { featureNames } from '../../devices/virtio/device-names.ts';
import { appliesTo, nextStep, STEPS } from '../actions/steps.ts';
import { DEVICE_ID } from '../device.ts';
import type { Workbench } from '../workbench.ts';

/** Each with a button; those done are marked, the next one shows what it is for. */
export function StepList({ workbench }: { readonly workbench: Workbench }) {
  const { bench } = workbench;
  const next = nextStep(bench);
  return (
    <section class="group" aria-label="Initialisation">
      <h2>
        Initialisation <cite>virtio 1.2 §3.1.1</cite>
      </h2>
      <ol class="steps">
        {STEPS.filter((step) => appliesTo(step, bench)).map((step) => (
          <li key={step.key} class={step === next ? 'next' : step.isDone(bench) ? 'taken' : ''}>
            <button type="button" name={step.key} title={step.doc} onClick={() => void workbench.do(step)}>
              <span class="mark" aria-hidden="true">
                {step.isDone(bench) ? '✓' : step === next ? '›' : ''}
              </span>
              {step.title}
            </button>
            {step === next && (
              <p class="quiet">
                {step.doc} <cite>{step.spec}</cite>
              </p>
            )}
            {step.key === 'features' && <FeatureChoice workbench={workbench} />}
          </li>
        ))}
      </ol>
      <div class="line">
        <button
          type="button"
          name="next"
          title="Enter"
          disabled={next === undefined}
          onClick={() => void workbench.step()}
        >
          Next step <kbd>Enter</kbd>
        </button>
        <button
          type="button"
          name="all"
          title="A"
          disabled={next === undefined}
          onClick={() => void workbench.bringUp()}
        >
          All that are left <kbd>A</kbd>
        </button>
      </div>
    </section>
  );
}

const MOST_BITS = 64;

/** The features the device offers, once it told: what is ticked is accepted at the next write. */
function FeatureChoice({ workbench }: { readonly workbench: Workbench }) {
  const { bench } = workbench;
  const { offered, wanted } = bench;
  if (offered === undefined) return null;
  const bits = Array.from({ length: MOST_BITS }, (_, bit) => bit).filter((bit) => (offered >> BigInt(bit)) % 2n === 1n);
  return (
    <ul class="features">
      {bits.map((bit) => {
        const mask = 1n << BigInt(bit);
        return (
          <li key={bit}>
            <label>
              <input type="checkbox" checked={(wanted & mask) !== 0n} onChange={() => workbench.want(wanted ^ mask)} />{' '}
              <code>{featureNames(DEVICE_ID, mask)[0]}</code> <span class="quiet">{bit}</span>
            </label>
          </li>
        );
      })}
    </ul>
  );
}

/** What one row of the table of requirements is. */

/** A test that shows a requirement kept. */
export interface Evidence {
  /** Path from the root of the project. */
  readonly file: string;
  /** The title of the test, or the name of the row of its table, as it stands in the source: in quotes, and only once. */
  readonly title: string;
}

/** How things stand with a requirement. */
export type State =
  | { readonly kind: 'shown'; readonly by: readonly Evidence[] }
  | { readonly kind: 'not applicable'; readonly why: string; readonly without?: FeatureBit | undefined }
  | { readonly kind: 'not met'; readonly why: string };

/** A feature by which a requirement comes into force. @spec virtio 1.2 §6 Reserved Feature Bits, §5.2.3, §5.3.3 Feature bits */
export interface FeatureBit {
  readonly name: string;
  readonly bit: number;
  /** Virtio device id, where the feature is one of a kind of device. */
  readonly device?: number;
}

/** One sentence with MUST or MUST NOT that concerns a device, in words of our own. */
export interface Requirement {
  readonly text: string;
  readonly state: State;
}

/** A section of virtio 1.2 with its requirements, in their order there: their ids are its number and their ordinal. */
export interface Section {
  readonly number: string;
  readonly title: string;
  readonly requirements: readonly Requirement[];
}

/** A requirement with its place. */
export interface PlacedRequirement extends Requirement {
  /** As in 2.1.2-1. */
  readonly id: string;
  readonly section: Section;
}

/** Tests of one file. */
export function tests(file: string, ...titles: readonly [string, ...string[]]): Evidence[] {
  return titles.map((title) => ({ file, title }));
}

/** A requirement that tests show to be kept. */
export function shown(text: string, ...by: readonly (readonly Evidence[])[]): Requirement {
  return { text, state: { kind: 'shown', by: by.flat() } };
}

/** A requirement that asks nothing of these devices. */
export function notApplicable(text: string, why: string): Requirement {
  return { text, state: { kind: 'not applicable', why } };
}

/** A requirement that is in force with a feature only, which no device offers: a test holds that to be so. */
export function notOffered(feature: FeatureBit, text: string): Requirement {
  return { text, state: { kind: 'not applicable', why: `no device offers ${feature.name}`, without: feature } };
}

/** A requirement that is not kept. */
export function notMet(text: string, why: string): Requirement {
  return { text, state: { kind: 'not met', why } };
}

/** A section and its requirements. */
export function section(number: string, title: string, requirements: readonly Requirement[]): Section {
  return { number, title, requirements };
}

/** All requirements of some sections with their ids. */
export function placed(sections: readonly Section[]): PlacedRequirement[] {
  return sections.flatMap((place) =>
    place.requirements.map((requirement, index) => ({
      ...requirement,
      id: `${place.number}-${index + 1}`,
      section: place,
    })),
  );
}

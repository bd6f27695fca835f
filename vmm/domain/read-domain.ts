import { DomainDraft, type DomainOptions } from './domain-draft.ts';
import { DOMAIN_ELEMENTS } from './domain-elements.ts';
import { readChildren } from './element-table.ts';
import { childOf, parseXml, type XmlElement } from './xml-tree.ts';

/** A domain as tsvmm understands it. */
export interface Domain {
  readonly options: DomainOptions;
  /** One line for each thing that is not done as it is written. */
  readonly notices: readonly string[];
}

/** What executes a domain of each type. @spec libvirt Domain XML format, Element and attribute overview */
const ACCELERATORS = { kvm: 'kvm', qemu: 'software' } as const;

/** Elements of `<os>` that have firmware boot what there is no kernel for. */
const FIRMWARE_BOOT: readonly string[] = ['boot', 'loader'];

/**
 * Reads a domain of libvirt's as options of `tsvmm run`. What cannot be had is said in a notice; where it would make another
 * machine than the one described, it is refused.
 *
 * @param file what the document is called in lines about it
 * @param hasKernel a kernel is given from elsewhere
 * @throws UsageError, one line with the place in the file
 */
export function readDomain(text: string, file: string, hasKernel: boolean): Domain {
  const root = parseXml(text, file);
  const draft = new DomainDraft(file);
  if (root.name !== 'domain') draft.refuse(root, 'is no domain; virsh dumpxml NAME prints one');
  const type = draft.word(root, 'type', Object.keys(ACCELERATORS) as (keyof typeof ACCELERATORS)[]);
  if (type !== undefined) draft.options.accel = ACCELERATORS[type];
  readChildren(root, DOMAIN_ELEMENTS, draft);
  if (draft.options.kernel === undefined && !hasKernel) withoutKernel(root, draft);
  return { options: draft.options, notices: draft.notices };
}

function withoutKernel(root: XmlElement, draft: DomainDraft): void {
  const os = childOf(root, 'os') ?? root;
  const boot = os.children.find(({ name }) => FIRMWARE_BOOT.includes(name));
  if (boot !== undefined) {
    draft.refuse(
      boot,
      'there is no firmware to boot with; add <kernel> to <os>, or give --kernel FILE beside --domain',
    );
  }
  draft.notice(os, "names no kernel: tsvmm's own boots");
}

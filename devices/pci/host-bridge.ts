import { PciFunction } from './function.ts';

/**
 * The host bridge, for slot 0: Intel's 82441FX by its ids, which kernels take as proof that configuration mechanism #1
 * works. It has no registers of its own.
 *
 * @spec PCI Local Bus 3.0 Appendix D Class Codes
 */
export function hostBridge(): PciFunction {
  return new PciFunction({
    name: 'host-bridge',
    identity: {
      vendorId: 0x8086,
      deviceId: 0x1237,
      revision: 2,
      classCode: 0x060000,
      subsystemVendorId: 0x1af4,
      subsystemId: 0x1100,
    },
  });
}

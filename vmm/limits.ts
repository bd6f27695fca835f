/** Most CPUs of a machine. */
export const MAX_CPUS = 16;

/** Most devices on the PCI bus: its slots, less the host bridge, the panic device and the machine's own two shares. */
export const MAX_PCI_DEVICES = 28;

/** Guest RAM in bytes where none is asked for. */
export const DEFAULT_MEMORY = 256 * 2 ** 20;

/** Most MSI-X vectors of a function. @spec PCI Local Bus 3.0 §6.8.2.3 Message Control for MSI-X */
export const MAX_VECTORS = 2048;

/** How long a device polls its ring for the next request, in microseconds, where nothing is said. */
export const DEFAULT_POLL_US = 200;

/** The longest a device can be told to poll its ring, in microseconds. */
export const MAX_POLL_US = 10_000;

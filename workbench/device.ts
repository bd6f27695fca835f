/** The kind of device on the bench. @spec virtio 1.2 §5 Device Types: 9P transport */
export const DEVICE_ID = 9;

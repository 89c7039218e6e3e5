/** There is no such device now; it may be plugged in later. */
export class DeviceMissing extends Error {
  override readonly name = "DeviceMissing";
}

/** Another program plays on the device. */
export class DeviceBusy extends Error {
  override readonly name = "DeviceBusy";
}

/** The device is there and will not do what is asked of it, such as this sample rate. */
export class DeviceRefused extends Error {
  override readonly name = "DeviceRefused";
}

/** PortAudio's error numbers, as strings: they are the `code` of its errors. */
const UNAVAILABLE = "-9985";
const INVALID_DEVICE = "-9996";
/** What PortAudio makes of a card that vanished since it was listed. */
const BAD_COMBINATION = "-9993";

/** The error of a device that cannot be opened, from PortAudio's or the file system's. */
export function deviceError(device: string, cause: unknown): Error {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const said = cause instanceof Error ? cause.message : String(cause);
  if (code === UNAVAILABLE) return new DeviceBusy(`"${device}" is in use: ${said}`, { cause });
  if (code === INVALID_DEVICE || code === BAD_COMBINATION) {
    return new DeviceMissing(`there is no sound device "${device}": ${said}`, { cause });
  }
  return new DeviceRefused(`"${device}" cannot be opened: ${said}`, { cause });
}

/**
 * Keeps ONNX Runtime from reporting to Microsoft: since 1.29 its official binaries for Linux and macOS write a device id into the user's cache
 * folder and upload events, unless this variable says no before they are loaded (microsoft/onnxruntime pull request 27379). A value that the user
 * has set stays. Called on the main thread before a worker starts, too: a worker's `process.env` is a copy that native code does not see.
 */
export function withoutTelemetry(): void {
  process.env.ORT_DISABLE_TELEMETRY ??= '1';
}

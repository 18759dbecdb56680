import { createRequire } from 'node:module'

/** Version of ONNX Runtime's package. */
export const runtimeVersion = () => createRequire(import.meta.url)('onnxruntime-node/package.json').version

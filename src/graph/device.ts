/** The devices that ONNX Runtime's Node package computes on; `cuda` has to be installed first. */
export type Device = 'cpu' | 'webgpu' | 'cuda'

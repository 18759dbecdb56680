import type { Tensor } from './tensor.js'

/** A graph made ready to run. */
export interface LoadedGraph {
  /**
   * Runs the graph.
   * @param feeds a tensor for every graph input, by name (read in place, not kept)
   * @returns every graph output, by name
   */
  run(feeds: Readonly<Record<string, Tensor>>): Promise<Record<string, Tensor>>
  /** Frees what the graph holds; it cannot run afterwards. */
  release(): Promise<void>
}

/** Something that runs ONNX models: ONNX Runtime in Node or in a browser. `src/runtime/` makes one. */
export interface GraphRunner {
  /**
   * Prepares a model.
   * @param model a serialised ONNX ModelProto, as `encodeModel` writes it
   */
  load(model: Uint8Array): Promise<LoadedGraph>
}

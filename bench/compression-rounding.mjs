// Rounded dense models: float16, and 8 or 4 bits in blocks of 32 as ONNX Runtime's MatMulNBits computes them.

import { gpt2OnnxFile } from '../dist/interop/index.js'
import { BLOCK, quantise } from '../dist/interop/quantised-product.js'
import { toFloat32 } from '../dist/safetensors/index.js'
import { float16Bytes } from '../dist/safetensors/narrow.js'
import { trainFurther } from './compression-finetune.mjs'
import { lossOf, onnxLossOf } from './compression-loss.mjs'
import { changeMatrices, matricesOf, parametersOf } from './compression-models.mjs'

export const toFloat16 = (data) => toFloat32('F16', float16Bytes(data))

export async function float16Model(engine, { config, weights }, text, windows) {
  const loss = await lossOf(
    engine,
    { config, weights: changeMatrices(weights, (_, data) => toFloat16(data)) },
    text,
    windows,
  )
  return { bytes: 2 * parametersOf(weights), loss }
}

/**
 * All matrices in 8 or 4 bits with a float16 scale for each block, embeddings too. The linear maps are computed by MatMulNBits; the
 * embeddings' rows are looked up rounded (and the tied head multiplies by them), as nothing else of ONNX Runtime does it in one operator.
 */
export async function quantisedModel(engine, { config, weights }, bits, text, windows) {
  let bytes = 0
  const found = changeMatrices(weights, (name, data, shape) => {
    const { values, scales } = rounded(name, data, shape, bits)
    bytes += (data.length * bits) / 8 + 2 * scales.length // the operator fills the last block; a file need not
    return values
  })
  // The file quantises the rounded weights once more, with float32 scales: that must change nothing.
  for (const [name, { data, shape }] of matricesOf(found)) {
    const map = linearMap(name, data, shape)
    const { packed, scales } = quantise(map, bits)
    const again = dequantised(map, packed, scales, bits)
    const bad = again.findIndex((value, i) => Math.abs(value - data[i]) > 1e-6 * Math.abs(data[i]))
    if (bad >= 0) throw new Error(`${name}: weight ${bad} is ${data[bad]} rounded once and ${again[bad]} rounded twice`)
  }
  const loss = await onnxLossOf(engine, gpt2OnnxFile('quantised.onnx', config, found, { bits }), config, text, windows)
  const few = Math.min(windows, 64)
  const [operator, plain] = [
    await onnxLossOf(engine, gpt2OnnxFile('quantised.onnx', config, found, { bits }), config, text, few),
    await lossOf(engine, { config, weights: found }, text, few),
  ]
  if (!(Math.abs(operator - plain) < 1e-3))
    throw new Error(`MatMulNBits gives ${operator} nats, rounded weights ${plain}`)
  return { bytes, loss }
}

/** The same after training further with its weights rounded, straight through. */
export async function trainedQuantisedModel(engine, model, bits, data, text, windows) {
  const weights = await trainFurther(
    engine,
    model,
    data,
    (name, values, shape) => rounded(name, values, shape, bits).values,
  )
  return quantisedModel(engine, { ...model, weights }, bits, text, windows)
}

/** Embeddings have a row a token or position, along which the blocks run; linear maps are [in, out]. */
function linearMap(name, data, [rows, columns]) {
  return /w[tp]e\.weight$/.test(name)
    ? { data, inputs: columns, outputs: rows, stored: 'out-in' }
    : { data, inputs: rows, outputs: columns, stored: 'in-out' }
}

function rounded(name, data, shape, bits) {
  const map = linearMap(name, data, shape)
  const { packed, scales } = quantise(map, bits)
  return { values: dequantised(map, packed, toFloat16(scales), bits), scales }
}

function dequantised({ data, inputs, outputs, stored }, packed, scales, bits) {
  const values = new Float32Array(data.length)
  const blocks = Math.ceil(inputs / BLOCK)
  const bytes = (BLOCK * bits) / 8
  for (let n = 0; n < outputs; n++) {
    for (let k = 0; k < inputs; k++) {
      const block = n * blocks + Math.floor(k / BLOCK)
      const byte = packed[block * bytes + (((k % BLOCK) * bits) >> 3)]
      const q = bits === 8 ? byte : k & 1 ? byte >> 4 : byte & 15
      values[stored === 'in-out' ? k * outputs + n : n * inputs + k] = (q - 2 ** (bits - 1)) * scales[block]
    }
  }
  return values
}

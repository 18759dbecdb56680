/** Which tensor of a weight file is which of a GPT-2's, under whatever wrappers it was saved. */

import type { Gpt2Config } from '../families/gpt2/config.js'
import { gpt2TensorShapes } from '../families/gpt2/weights.js'
import { formatShape, type Shape, sameShape } from '../graph/index.js'
import { InputError, quoted, quotedList } from '../safetensors/index.js'
import type { WeightFiles } from './weight-files.js'

/** The tensors of a model, found in its files. */
export interface FoundTensors {
  /** The stored name of every weight, by the names of `gpt2TensorShapes`. */
  readonly stored: ReadonlyMap<string, string>
  /** The stored name of an `lm_head.weight` beside a tied head. */
  readonly tiedHead: string | undefined
  /** A line for the tensors that are no part of the model. */
  readonly warnings: readonly string[]
}

/**
 * The name of a tensor without what wrapped the model: `_orig_mod.` (torch.compile, at any depth), `module.` (DataParallel) and
 * `model.` in front, and with `transformer.`, which a bare GPT2Model is saved without.
 */
export function unwrappedName(name: string): string {
  const own = name.replace(/(?<=^|\.)_orig_mod\./g, '').replace(/^(?:(?:module|model)\.)+/, '')
  return /^(?:wte|wpe|ln_f|h\.\d+)\./.test(own) ? `transformer.${own}` : own
}

/**
 * Finds every weight of a model, with the shapes of its configuration. Beside them a file may hold the causal masks that old versions
 * of transformers saved, and tensors of no GPT2LMHeadModel, which are named in a warning.
 * @throws InputError naming the tensor: a weight that is missing, stored twice, or of another shape or dtype; a tensor that
 *   takes part in the computation of another model than the configuration's
 */
export function findTensors(config: Gpt2Config, file: WeightFiles): FoundTensors {
  const refuse = (reason: string): never => {
    throw new InputError(`${file.name}: ${reason}`)
  }
  if (config.layers > file.tensors.size) {
    refuse(`n_layer ${config.layers} asks for more tensors than the ${file.tensors.size} there are`)
  }
  const names = new Map<string, string>()
  for (const stored of file.tensors.keys()) {
    const name = unwrappedName(stored)
    const other = names.get(name)
    if (other !== undefined) refuse(`tensors ${quoted(other)} and ${quoted(stored)} are both ${name}`)
    names.set(name, stored)
  }
  const shapes = gpt2TensorShapes(config)
  const others = [...names.keys()].filter((name) => !shapes.has(name) && !isTiedHead(config, name))
  const foreign = others.filter((name) => isOfAnotherModel(name) && !isCausalMask(config, file, name, names.get(name)!))
  if (foreign.length > 0) {
    const stored = foreign.map((name) => names.get(name)!)
    const layer = Number(/^transformer\.h\.(\d+)\./.exec(foreign[0])?.[1])
    const why = layer >= config.layers ? `n_layer is ${config.layers}` : 'config.json describes a GPT-2 without them'
    refuse(`tensors that are not supported: ${quotedList(stored)} (${why})`)
  }
  const stored = new Map<string, string>()
  for (const [name, shape] of shapes) {
    const own = names.get(name) ?? refuse(missing(name, shape, file))
    checkTensor(own, shape, file, refuse)
    stored.set(name, own)
  }
  const unused = others.filter((name) => !isOfAnotherModel(name)).map((name) => names.get(name)!)
  const count = unused.length === 1 ? '1 tensor is' : `${unused.length} tensors are`
  const line = `${file.name}: ${count} no part of the model and not read: ${quotedList(unused)}`
  return {
    stored,
    tiedHead: config.tiedHead ? names.get('lm_head.weight') : undefined,
    warnings: unused.length > 0 ? [line] : [],
  }
}

const isTiedHead = (config: Gpt2Config, name: string): boolean => config.tiedHead && name === 'lm_head.weight'

/** Whether a tensor that GPT2LMHeadModel has not lies where it would be used: in the blocks, the head or an adapter. */
const isOfAnotherModel = (name: string): boolean =>
  /^(?:transformer|lm_head)\./.test(name) || /(?:^|\.)(?:lora_|base_layer\.|adapters?\.)/.test(name)

/** Whether it is a buffer of attention that holds no weight: the causal mask [1, 1, P, P], or the value of masked logits. */
function isCausalMask({ layers }: Gpt2Config, file: WeightFiles, name: string, stored: string): boolean {
  const found = /^transformer\.h\.(\d+)\.attn\.(bias|masked_bias)$/.exec(name)
  if (!found || Number(found[1]) >= layers) return false
  const { shape } = file.tensors.get(stored)!
  if (found[2] === 'masked_bias') return shape.every((size) => size === 1)
  return shape.length === 4 && shape[0] === 1 && shape[1] === 1 && shape[2] === shape[3]
}

function checkTensor(stored: string, shape: Shape, file: WeightFiles, refuse: (reason: string) => never): void {
  const info = file.tensors.get(stored)!
  if (!sameShape(info.shape, shape)) {
    refuse(`tensor ${stored} has shape ${formatShape(info.shape)}, but config.json asks for ${formatShape(shape)}`)
  }
  if (!['F32', 'F16', 'BF16', 'F64'].includes(info.dtype)) {
    refuse(`tensor ${stored} has dtype ${info.dtype}, expected F32, F16, BF16 or F64`)
  }
}

/** Says which tensor is missing, and which one has its name behind a prefix that is not known. */
function missing(name: string, shape: Shape, file: WeightFiles): string {
  const own = `.${name.replace(/^transformer\./, '')}`
  const like = [...file.tensors.keys()].find((stored) => stored.endsWith(own))
  const hint = like === undefined ? '' : `; the prefix of ${quoted(like)} is not known`
  return `tensor ${name} ${formatShape(shape)} is missing${hint}`
}

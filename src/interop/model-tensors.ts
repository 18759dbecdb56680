/** Which tensor of a weight file is which of a model's, under whatever wrappers it was saved. */

import { type BaseConfig, familyOf, matricesOf } from '../families/index.js'
import { formatShape, type Shape, sameShape } from '../graph/index.js'
import { InputError, quoted, quotedList } from '../safetensors/index.js'
import type { WeightFiles } from './weight-files.js'

/** The tensors of a model, found in its files. */
export interface FoundTensors {
  /** The stored name of every tensor of the family's layout, by its full name. */
  readonly stored: ReadonlyMap<string, string>
  /** The stored name of a head beside a token embedding that serves as the head too. */
  readonly tiedHead: string | undefined
  /** Stored names of poolers and of heads of tasks: parts of the whole model that the family leaves out. */
  readonly leftOut: readonly string[]
  /** A line for the tensors that are no part of the model. */
  readonly warnings: readonly string[]
}

/** A head of its own that is stored in spite of a tied one. */
const HEAD = 'lm_head.weight'

/** The full name of a stored tensor, without what wrapped the model: `_orig_mod.` (torch.compile, at any depth) and what the layout knows. */
export const unwrappedName = (config: BaseConfig, name: string): string =>
  familyOf(config).huggingFace.fullName(name.replace(/(?<=^|\.)_orig_mod\./g, ''))

/**
 * Finds every weight of a model, with the shapes of its configuration. Beside them a file may hold the causal masks that old versions
 * of transformers saved, and tensors of no part of the model, which are named in a warning.
 * @throws InputError naming the tensor: a weight that is missing, stored twice, or of another shape or dtype; a tensor that
 *   takes part in the computation of another model than the configuration's
 */
export function findTensors(config: BaseConfig, file: WeightFiles): FoundTensors {
  const refuse = (reason: string): never => {
    throw new InputError(`${file.name}: ${reason}`)
  }
  if (config.layers > file.tensors.size) {
    refuse(`${config.layers} layers ask for more tensors than the ${file.tensors.size} there are`)
  }
  const names = new Map<string, string>()
  for (const stored of file.tensors.keys()) {
    const name = unwrappedName(config, stored)
    const other = names.get(name)
    if (other !== undefined) refuse(`tensors ${quoted(other)} and ${quoted(stored)} are both ${name}`)
    names.set(name, stored)
  }
  const { huggingFace } = familyOf(config)
  const shapes = new Map(huggingFace.tensors(config).map(({ name, shape }) => [name, shape]))
  const isTied = isTiedHead(config)
  const others = [...names.keys()].filter((name) => !shapes.has(name) && !(isTied && name === HEAD))
  const isForeign = (name: string) => huggingFace.isOfAnotherModel(name) || isOfAdapter(name)
  const isPassedOver = (name: string) =>
    huggingFace.isPassedOver(name, file.tensors.get(names.get(name)!)!.shape, config)
  const foreign = others.filter((name) => isForeign(name) && !isPassedOver(name))
  if (foreign.length > 0) {
    const stored = foreign.map((name) => names.get(name)!)
    const layer = Number(/(?:^|\.)(?:h|layers?)\.(\d+)\./.exec(foreign[0])?.[1])
    const { title } = familyOf(config)
    const why =
      layer >= config.layers
        ? `config.json says ${config.layers} ${config.layers === 1 ? 'layer' : 'layers'}`
        : `config.json describes a ${title} without them`
    refuse(`tensors that are not supported: ${quotedList(stored)} (${why})`)
  }
  const stored = new Map<string, string>()
  for (const [name, shape] of shapes) {
    const own = names.get(name) ?? refuse(missing(name, shape, file))
    checkTensor(own, shape, file, refuse)
    stored.set(name, own)
  }
  const unused = others.filter((name) => !isForeign(name) && !isPassedOver(name)).map((name) => names.get(name)!)
  const count = unused.length === 1 ? '1 tensor is' : `${unused.length} tensors are`
  const line = `${file.name}: ${count} no part of the model and not read: ${quotedList(unused)}`
  return {
    stored,
    leftOut: others.filter((name) => huggingFace.isLeftOut?.(name)).map((name) => names.get(name)!),
    tiedHead: isTied ? names.get(HEAD) : undefined,
    warnings: unused.length > 0 ? [line] : [],
  }
}

/** Whether the token embedding serves as the head of a model that predicts tokens. */
const isTiedHead = (config: BaseConfig): boolean =>
  familyOf(config).task === 'causal' && !matricesOf(config).some(({ role }) => role === 'head')

const isOfAdapter = (name: string): boolean => /(?:^|\.)(?:lora_|base_layer\.|adapters?\.)/.test(name)

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
  const own = `.${name.replace(/^(?:transformer|model|encoder)\./, '')}`
  const like = [...file.tensors.keys()].find((stored) => stored.endsWith(own))
  const hint = like === undefined ? '' : `; the prefix of ${quoted(like)} is not known`
  return `tensor ${name} ${formatShape(shape)} is missing${hint}`
}

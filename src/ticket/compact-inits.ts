/** Initialisations in a compact ticket. */
import { type Initialisation, initialisationScale } from '../random/index.js'
import type { Fields } from './compact-fields.js'

const initialisations = ['uniform', 'normal', 'signed-constant'] as const

export const sameInit = (a: Initialisation, b: Initialisation): boolean =>
  a.kind === b.kind && initialisationScale(a) === initialisationScale(b)

/**
 * The initialisations: a table of the different ones, then for each matrix (of the first layer, where layers repeat) its place there.
 * @param isRepeated whether a matrix has what that of the layer before has
 * @param layer matrices of a layer
 */
export function initsOf(
  fields: Fields,
  isRepeated: (matrix: number) => boolean,
  layer: number,
  known: readonly Initialisation[],
  count: number,
): Initialisation[] {
  const table: Initialisation[] = []
  for (const init of known) if (!table.some((other) => sameInit(init, other))) table.push(init)
  const size = fields.integer('initialisations', table.length, count)
  if (size === 0) throw new RangeError('"initialisations" expected at least one, got none')
  const inits = Array.from({ length: size }, (_, i): Initialisation => {
    const kind = fields.integer('init.kind', table[i] ? initialisations.indexOf(table[i].kind) : 0, 2)
    return initOf(kind, fields.number('init.scale', table[i] ? initialisationScale(table[i]) : 1))
  })
  const isOwn = (i: number) => !isRepeated(i)
  const owners = Array.from({ length: count }, (_, i) => i).filter(isOwn)
  const places = placesOf(
    fields,
    owners.map((i) => (known[i] ? table.findIndex((other) => sameInit(known[i], other)) : 0)),
    size,
  )
  const all: Initialisation[] = []
  for (let i = 0, j = 0; i < count; i++) all.push(isOwn(i) ? inits[places[j++]] : all[i - layer])
  return all
}

/** Places in a table, in as few bits as its size needs each, least significant first. */
function placesOf(fields: Fields, places: readonly number[], size: number): number[] {
  const width = Math.ceil(Math.log2(size))
  const packed = new Uint8Array(Math.ceil((places.length * width) / 8))
  const bitsOf = (j: number) => Array.from({ length: width }, (_, b) => j * width + b)
  for (const [j, place] of places.entries()) {
    for (const [b, at] of bitsOf(j).entries()) packed[at >> 3] |= ((place >> b) & 1) << (at & 7)
  }
  const read = fields.bytes('init', packed, packed.length)
  return places.map((_, j) => {
    const place = bitsOf(j).reduce((sum, at, b) => sum | (((read[at >> 3] >> (at & 7)) & 1) << b), 0)
    if (place >= size) throw new RangeError(`"init" expected a place below ${size}, got ${place}`)
    return place
  })
}

function initOf(kind: number, scale: number): Initialisation {
  if (kind === 0) return { kind: 'uniform', range: scale }
  return kind === 1 ? { kind: 'normal', std: scale } : { kind: 'signed-constant', magnitude: scale }
}

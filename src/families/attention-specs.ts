import type { BaseConfig } from './config.js'
import { familyOf } from './family.js'
import type { AttentionSpec, Port } from './port.js'

/** Every attention of a model, in the order of the forward pass. */
export function attentionSpecs(config: BaseConfig): AttentionSpec[] {
  const specs: AttentionSpec[] = []
  const nothing = () => null
  const port: Port<null> = {
    embed: nothing,
    norm: nothing,
    linear: nothing,
    attention: (spec) => {
      specs.push(spec)
      return null
    },
    activate: nothing,
    add: nothing,
    multiply: nothing,
    unembed: nothing,
    see: nothing,
  }
  familyOf(config).body(port, config)
  return specs
}

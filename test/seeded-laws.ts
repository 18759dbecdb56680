/** Laws are tried on the same examples in every run, so that a failure can be seen again; a test may name a seed of its own. */
import fc from 'fast-check'

fc.configureGlobal({ seed: 20_251_104 })

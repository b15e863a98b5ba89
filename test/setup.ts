/** fast-check's seed: fixed in CI so that a run can be repeated, printed by fast-check when a property fails. */
import fc from 'fast-check'

fc.configureGlobal(process.env['CI'] ? { seed: 20261123 } : {})

#!/usr/bin/env node
// Runs what is built, or the sources in a checkout; needs the Node that this package brings.
import { existsSync } from 'node:fs'

if (Number(process.versions.node.split('.')[0]) < 24) {
  process.stderr.write(
    'PatientConnection needs Node 24, which npm ci has installed here. Run it as: npm exec patientconnection -- ...\n',
  )
  process.exit(1)
}
const built = new URL('../dist/cli.js', import.meta.url)
await import(existsSync(built) ? built.href : new URL('../src/cli.ts', import.meta.url).href)

/**
 * M7: the whole job, portal and site as two processes: from InSched's database until the portal's pages can show its
 * records. The portal's index walks the log in order, so when the last document of each collection is in it, all are.
 */
import { join } from 'node:path'
import { createReferenceDatabase } from '../../src/bridges/insched/create-sqlite.ts'
import { systemClock as clock } from '../../src/replica/clock.ts'
import type { Portal } from '../sides/portal.ts'
import type { Site } from '../sides/site.ts'
import { inWords, thousands, type Measure } from './measure.ts'

const least = 15_000

export const wholeJob: Measure = {
  id: 'M7',
  target: `at least ${thousands(least)} records a second`,
  job: (documents) => `InSched's database of ${thousands(documents)} patients until the portal's pages can show them`,
  async run({ documents, dir, processes }) {
    const database = join(dir, 'insched.db')
    await createReferenceDatabase(database, { patients: documents, now: clock.now() })
    const portal = processes.start<Portal>('sides/portal.ts', 'whole-job-portal')
    const site = processes.start<Site>('sides/site.ts', 'whole-job-site')
    const url = await portal.call('open', join(dir, 'whole-job-portal'))
    const [practice] = await portal.call('add', 1)
    await site.call('enroll', join(dir, 'whole-job-site'), url, practice!.code, `sqlite:${database}`)
    const began = performance.now()
    const { uploaded, newest } = await site.call('upload', join(dir, 'whole-job-site'))
    const uploadedAfter = (performance.now() - began) / 1000
    await portal.call('indexed', practice!.practice, newest)
    const seconds = (performance.now() - began) / 1000
    await site.call('close')
    await portal.call('close')
    await Promise.all([site.end(), portal.end()])
    const records = uploaded.patients + uploaded.plans + uploaded.stages + uploaded.events
    const perSecond = records / seconds
    return {
      ours: `${thousands(records)} records in ${inWords(seconds)}, at the portal after ${inWords(uploadedAfter)}`,
      against: '',
      comesTo: `${thousands(perSecond)} a second`,
      met: perSecond >= least,
      json: { ours: seconds, records, perSecond, uploadedAfter },
    }
  },
}

/** Where the time went: the functions of each process with the most time of their own, from its CPU profile. */
import { globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import * as v from 'valibot'

const profileSchema = v.object({
  nodes: v.array(
    v.object({
      id: v.number(),
      callFrame: v.object({ functionName: v.string(), url: v.string(), lineNumber: v.number() }),
    }),
  ),
  samples: v.array(v.number()),
  timeDeltas: v.array(v.number()),
})
const shown = 12

export function printProfiles(dir: string): void {
  for (const name of globSync('*.cpuprofile', { cwd: dir }).toSorted()) {
    const profile = v.parse(profileSchema, JSON.parse(readFileSync(join(dir, name), 'utf8')))
    const places = new Map(
      profile.nodes.map(({ id, callFrame: { functionName, url, lineNumber } }) => [
        id,
        `${functionName || '(anonymous)'}${url === '' ? '' : ` ${basename(url)}:${lineNumber + 1}`}`,
      ]),
    )
    const times = new Map<string, number>()
    for (const [i, id] of profile.samples.entries()) {
      const place = places.get(id)!
      times.set(place, (times.get(place) ?? 0) + profile.timeDeltas[i]!)
    }
    // What waits, and what the profiler itself takes, is no work.
    for (const place of [...times.keys()])
      if (place === '(idle)' || place.includes(' node:inspector:')) times.delete(place)
    const busy = [...times.values()].reduce((sum, time) => sum + time, 0)
    console.log(`\n${name}: ${Math.round(busy / 1000)} ms busy`)
    for (const [place, time] of [...times].toSorted((a, b) => b[1] - a[1]).slice(0, shown))
      console.log(
        `  ${(time / 1000).toFixed(0).padStart(7)} ms  ${((100 * time) / busy).toFixed(0).padStart(3)} %  ${place}`,
      )
  }
}

import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, openOffice, readText, run, signIn, start, type Office, type Patient } from './office.ts'

let office: Office
let patient: Patient
beforeAll(async () => {
  office = await openOffice()
})
afterAll(() => office.close())

const event = () => office.insched.prepare('select starts_at, status, last_confirmed_date, confirmation_type from events where event_id = 2').get() as { starts_at: string; status: string; last_confirmed_date: string | null; confirmation_type: string | null } // prettier-ignore
const communications = () => office.insched.prepare('select external_id, direction, subject, body from communications order by communication_id').all() as { external_id: string; direction: string; body: string }[] // prettier-ignore

describe('the main job, through the command line and a browser without scripts', () => {
  it('uploads the records and sends a message, which is one row of communications', async () => {
    const { result } = await run('upload', '--data', office.site)
    // Who can be reached neither by the portal nor by text or email does not leave the practice.
    const reachable = office.insched.prepare('select count(*) from patients where 1 in (portal_enabled, text_consent, email_consent)').pluck().get() // prettier-ignore
    expect(result).toMatchObject({ patients: reachable })
    const sent = await run(
      'message',
      '--data',
      office.site,
      '--patient',
      '1',
      '--event',
      '2',
      '--subject',
      'Before your visit',
      '--text',
      'Come ten minutes early.',
    )
    await expect.poll(() => communications().map((row) => row.external_id)).toEqual([sent.result.entryId])
  })

  it('a patient signs in with the date of birth, reads, answers and confirms; InSched has it once', async () => {
    patient = await signIn(office)
    const messages = await patient.get('/messages')
    expect(messages).toContain('Come ten minutes early.')
    await patient.submit(messages, '/messages', { subject: 'Parking', text: 'Is parking free?' })
    await patient.submit(messages, '/messages', { subject: 'Parking', text: 'Is parking free?' })
    await expect.poll(() => communications().filter((row) => row.body === 'Is parking free?').length).toBe(1)
    const home = await patient.get('/')
    const { text } = await patient.submit(home, '/confirm')
    expect(text).toMatch(/Sent to the office|Confirmed in the office&#39;s schedule on/)
    await expect.poll(() => event().confirmation_type).toBe('Portal')
    expect(event()).toMatchObject({ status: 'None' })
    expect(event().last_confirmed_date).toBe(phoenixNow(event().last_confirmed_date!))
    await expect.poll(() => patient.get('/')).toContain('Confirmed in the office&#39;s schedule on')
    const audit = office.insched
      .prepare(
        "select checkpoint, count(*) as rows from audit_trail where initials = 'PC' and table_name = 'events' group by checkpoint",
      )
      .all()
    expect(audit).toHaveLength(1)
  })

  it('what staff change in InSched is on the patient’s page without a restart, and a confirmation for the old time is a review item', async () => {
    const stale = await patient.get('/')
    office.insched
      .prepare(
        "update events set starts_at = '2027-02-01T10:30', last_confirmed_date = null, confirmation_type = null where event_id = 2",
      )
      .run()
    await expect.poll(() => patient.get('/')).toContain('Monday, February 1')
    expect(await patient.get('/')).toContain('This appointment has changed.')
    office.insched.prepare("update events set starts_at = '2027-02-02T10:30' where event_id = 2").run()
    const seen = await patient.get('/')
    await expect.poll(() => patient.get('/')).toContain('Tuesday, February 2')
    await patient.submit(seen, '/confirm')
    await expect
      .poll(async () =>
        (await run('reviews', '--data', office.site)).result.items.map((item: { kind: string }) => item.kind),
      )
      .toContain('confirmation set aside')
    expect(event().last_confirmed_date).toBeNull()
    expect(stale).not.toContain('February')
    office.insched.prepare('update stages set completed = 0; ').run()
    await expect.poll(() => patient.get('/plan')).not.toContain('Done')
    expect((await run('recent', '--data', office.site, '--patient', '1')).result.items.length).toBeGreaterThan(2)
  })

  it('the portal stops: the site goes on, and everything merges when it is back', async () => {
    await office.portal.kill()
    const { code } = await run(
      'message',
      '--data',
      office.site,
      '--patient',
      '1',
      '--subject',
      'Offline',
      '--text',
      'Written while the portal was away',
    )
    expect(code).toBe(0)
    office.insched.prepare("update events set starts_at = '2027-02-03T09:00' where event_id = 2").run()
    const down = await run('upload', '--data', office.site)
    expect(down).toMatchObject({ code: 1 })
    expect(down.sentence).toContain('Nothing is lost')
    await office.startPortal()
    await expect
      .poll(() => patient.get('/messages'), { timeout: 20_000 })
      .toContain('Written while the portal was away')
    await expect.poll(() => patient.get('/')).toContain('Wednesday, February 3')
  })

  it('the site is killed: the patient confirms and writes, and InSched has both once when it is back', async () => {
    await office.agent.kill('SIGKILL')
    await patient.submit(await patient.get('/'), '/confirm')
    await patient.submit(await patient.get('/messages'), '/messages', {
      subject: 'Late',
      text: 'Said while the office slept',
    })
    expect(await patient.get('/')).toContain('We have your answer and will pass it on')
    await office.startAgent()
    await expect.poll(() => event().confirmation_type, { timeout: 20_000 }).toBe('Portal')
    await expect.poll(() => communications().filter((row) => row.body === 'Said while the office slept').length).toBe(1)
    await expect
      .poll(async () =>
        (await run('confirmations', '--data', office.site, '--event', '2')).result.items.map(
          (item: { state: string }) => item.state,
        ),
      )
      .toContain('written')
  })

  it('five wrong dates end the invitation, never the patient’s access', async () => {
    const { result } = await run('invite', '--data', office.site, '--patient', '1')
    await run('upload', '--data', office.site)
    const path = new URL(result.url).pathname
    const { Patient: Browser } = await import('./office.ts')
    const stranger = new Browser(office.portal.url)
    for (let i = 0; i < 4; i++)
      expect((await stranger.submit(await stranger.get(path), path, { date: '01/02/1903' })).status).toBe(401)
    expect((await stranger.submit(await stranger.get(path), path, { date: '01/02/1903' })).text).toContain(
      'This invitation is over',
    )
    expect(await stranger.get(path)).toContain('This invitation is over')
    expect(await patient.get('/')).toContain('appointment')
  })

  it('staff-only warnings are nowhere at the portal, and no name stands in plain text in any replica file', () => {
    const name = office.insched.prepare('select last_name from patients where patient_id = 1').pluck().get() as string
    const files = (dir: string): string[] =>
      readdirSync(dir).flatMap((entry) =>
        statSync(join(dir, entry)).isDirectory() ? files(join(dir, entry)) : [join(dir, entry)],
      )
    const all = [...files(office.portalDir), ...files(office.site)]
    expect(all.length).toBeGreaterThan(4)
    for (const file of all) {
      const text = readText(file)
      expect(text, file).not.toMatch(/SPECIAL-ISSUE|ALERT-NOTE|latex/)
      expect(text.includes(name) || text.includes('Come ten minutes early'), file).toBe(false)
    }
  })
})

describe('what goes wrong is said in a sentence, with exit code 1, and changes nothing', () => {
  it.each([
    ['an unknown patient', () => ['invite', '--data', office.site, '--patient', '99999'], /There is no patient 99999/],
    [
      'a missing InSched file',
      () => [
        'enroll',
        '--data',
        join(office.dir, 'x'),
        '--portal',
        office.portal.url,
        '--code',
        'x',
        '--insched',
        'sqlite:/nowhere.db',
      ],
      /There is no InSched database/,
    ],
    [
      'a second site on one InSched database',
      () => [
        'enroll',
        '--data',
        join(office.dir, 'y'),
        '--portal',
        office.portal.url,
        '--code',
        'x',
        '--insched',
        `sqlite:${office.database}`,
      ],
      /bound to site/,
    ],
    ['a folder that is not enrolled', () => ['status', '--data', join(office.dir, 'z')], /is not enrolled/],
    [
      'a second agent on one folder',
      () => ['site', '--data', office.site, '--console-port', '0'],
      /in use by another process/,
    ],
  ] as const)('%s', async (_, args, sentence) => {
    const { code, sentence: said } = await run(...args())
    expect(said).toMatch(sentence)
    expect(code).toBe(1)
  })

  it('a used enrolment code, and a portal that is down', async () => {
    const other = join(office.dir, 'other.db')
    await run('insched', 'create', other, '--patients', '3')
    const bad = await run(
      'enroll',
      '--data',
      join(office.dir, 'o'),
      '--portal',
      office.portal.url,
      '--code',
      'nonsense',
      '--insched',
      `sqlite:${other}`,
    )
    expect(bad).toMatchObject({ code: 1, sentence: expect.stringContaining('enrolment code is not known') })
    const down = await run(
      'enroll',
      '--data',
      join(office.dir, 'o'),
      '--portal',
      `http://127.0.0.1:${await freePort()}`,
      '--code',
      'x',
      '--insched',
      `sqlite:${other}`,
    )
    expect(down).toMatchObject({ code: 1, sentence: expect.stringContaining('cannot be reached') })
  })

  it('a port in use', async () => {
    await expect(
      start('portal', '--data', join(office.dir, 'p2'), '--port', new URL(office.portal.url).port),
    ).rejects.toThrow(/is in use on this machine/)
  })

  it('wrong usage is exit code 2', async () => {
    expect((await run('invite', '--data', office.site)).code).toBe(2)
    expect((await run('nonsense')).code).toBe(2)
  })
})

/** The wall clock in Phoenix, if `wall` is within a minute of it; else what it should have been. */
function phoenixNow(wall: string): string {
  const now = new Date(Date.now() - 7 * 3_600_000).toISOString().slice(0, 16)
  return Math.abs(Date.parse(`${wall}Z`) - Date.parse(`${now}Z`)) <= 60_000 ? wall : now
}

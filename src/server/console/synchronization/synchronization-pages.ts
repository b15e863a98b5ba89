/** Preferences > Synchronization: timing, backup windows, proxy, what leaves the practice, a preview of it, and texts; for who may set them. */
import { Hono } from 'hono'
import type { ConsoleEnv, ConsoleParts } from '../frame.ts'
import { backupsPage } from './backups-page.ts'
import { mirrorChangePages } from './mirror-change-page.ts'
import { mirrorPage } from './mirror-page.ts'
import { previewPage } from './preview-page.ts'
import { proxyPage } from './proxy-page.ts'
import { sharingPages } from './sharing-page.ts'
import { samplePage } from '../texts/sample-page.ts'
import { whoPage } from '../texts/who-page.ts'
import { wordsPage } from '../texts/words-page.ts'
import { historyPage } from '../texts/history-page.ts'
import { rulePage } from '../texts/rule-page.ts'
import { rulesPage } from '../texts/rules-page.ts'
import { timingPage } from './timing-page.ts'

export function synchronizationPages(parts: ConsoleParts): Hono<ConsoleEnv> {
  const app = new Hono<ConsoleEnv>()
  for (const pages of [
    timingPage,
    backupsPage,
    proxyPage,
    mirrorPage,
    mirrorChangePages,
    sharingPages,
    previewPage,
    rulesPage,
    rulePage,
    samplePage,
    whoPage,
    historyPage,
    wordsPage,
  ])
    app.route('/', pages(parts))
  return app
}

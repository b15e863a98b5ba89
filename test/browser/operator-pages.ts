/** The operator's page of a portal in every state that it has, as a table like those of the portal and the console. */
import { browserOf, type Browser } from '../server/world.ts'
import type { OperatorWorld } from '../server/operator-world.ts'
import type { PageState } from './patient-pages.ts'

/** A browser that has used a link, on the portal's own socket. */
export async function operatorBrowser({ url, link }: OperatorWorld): Promise<Browser> {
  const app = { request: (path: string, init: RequestInit) => fetch(`${url}${path}`, { ...init, redirect: 'manual' }) }
  const browser = browserOf(app, '127.0.0.1', new URL(url).host)
  await browser.post(await link(), {})
  return browser
}

/** The site that is connected. */
const mesa = async (w: OperatorWorld): Promise<string> => (await w.portal.status()).practices[0]!.sites.find((one) => one.name === 'Mesa')!.siteId // prettier-ignore

export const operatorPages: readonly PageState<OperatorWorld>[] = [
  { page: 'operator', state: 'signed out', at: '/operator', shows: (w) => w.operator.signedOut.cause },
  { page: 'operator', state: 'link', at: (w) => w.link(), shows: (w) => w.operator.enterHow },
  { page: 'operator', state: 'link over', at: '/operator/enter/none', shows: (w) => w.operator.over.cause },
  { page: 'operator', state: 'some', at: '/operator', as: 'operator', shows: (w) => w.operator.noAlarm },
  { page: 'operator', state: 'payments compared', at: '/operator', as: 'operator', shows: (w) => w.operator.payments.fees, does: async (page, { operator: { payments } }) => { await page.getByText(payments.title, { exact: true }).click(); await page.getByRole('button', { name: payments.compare }).click(); await page.getByText(payments.title, { exact: true }).click() } }, // prettier-ignore
  { page: 'operator', state: 'code', at: '/operator', as: 'operator', shows: (w) => w.operator.code('Tempe'), does: async (page, { operator }) => { await page.getByText(operator.addSite, { exact: true }).click(); await page.getByLabel(operator.siteName).fill('Tempe'); await page.getByRole('button', { name: operator.addSiteButton }).click() } }, // prettier-ignore
  { page: 'operator', state: 'narrows', at: async (w) => `/operator/mirror/${(await mesa(w))}/events`, as: 'operator', shows: (w) => w.synchronization.mirror.wrongDays(365), does: async (page, { synchronization: { mirror, save } }) => { await page.getByLabel(mirror.daysAhead).fill('few'); await page.getByRole('button', { name: save }).click() } }, // prettier-ignore
  { page: 'operator', state: 'asks', at: '/operator', as: 'operator', shows: (w) => w.operator.no, does: (page, { operator }) => page.getByRole('button', { name: operator.doIt.revoke }).first().click() }, // prettier-ignore
]

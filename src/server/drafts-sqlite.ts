/**
 * Messages that were written and not sent: of each account one for a thread, and one for a new thread, sealed, for a day.
 * A page carries a token that says whose drafts its forms are, so that what is sent after its session ended is still kept
 * for the one who wrote it. The token lets in nothing but a draft, and shows nothing.
 */
import type Database from 'better-sqlite3'
import * as v from 'valibot'
import type { Clock } from '../replica/clock.ts'
import type { Sealer } from '../replica/sealing.ts'
import { statementsOf } from '../replica/sqlite-statements.ts'

/** Whose draft: an account, and the patient (`<practice>/<patient>`) that it is written for. */
export interface DraftOwner { readonly account: string; readonly member: string } // prettier-ignore
export interface Draft { readonly subject: string; readonly text: string } // prettier-ignore
export type Drafts = ReturnType<typeof draftTable>

/** The place of a draft that begins a thread; another one is its thread's id. */
export const newThread = 'new'
const lasts = 24 * 3_600_000
const mostOfAnAccount = 20
const tokenSchema = v.object({ account: v.string(), member: v.string(), until: v.number() })
const draftSchema = v.object({ subject: v.string(), text: v.string() })

export function draftTable(db: Database.Database, { master, clock }: { master: Sealer; clock: Clock }) {
  db.exec(`create table if not exists drafts(account text not null, member text not null, place text not null, sealed blob not null, until integer not null, primary key (account, member, place));`) // prettier-ignore
  const sql = statementsOf(db)
  const contextOf = (owner: DraftOwner, place: string): string => `draft ${owner.account} ${owner.member} ${place}`
  const drop = ({ account, member }: DraftOwner, place: string): void => {
    sql('delete from drafts where account = ? and member = ? and place = ?').run(account, member, place)
  }
  return {
    /** The token of a page whose forms write for this owner; good for a day. */
    token(owner: DraftOwner): string {
      const { account, member } = owner
      const text = JSON.stringify({ account, member, until: clock.now() + lasts })
      return Buffer.from(master.seal(Buffer.from(text), 'draft token')).toString('base64url')
    },
    /** Whose forms a page with this token has; undefined where it is none of ours, or over. */
    ownerOf(token: string): DraftOwner | undefined {
      let text: string
      try {
        text = Buffer.from(master.open(Buffer.from(token, 'base64url'), 'draft token')).toString()
      } catch {
        // Whatever was sent: nothing that was sealed here.
        return undefined
      }
      const { account, member, until } = v.parse(tokenSchema, JSON.parse(text))
      return until < clock.now() ? undefined : { account, member }
    },
    /** Keeps what was written, instead of what was kept before; nothing written keeps nothing. */
    keep: db.transaction((owner: DraftOwner, place: string, draft: Draft) => {
      sql('delete from drafts where until < ?').run(clock.now())
      if (draft.text.trim() === '' && draft.subject.trim() === '') return drop(owner, place)
      const { account, member } = owner
      const sealed = master.seal(Buffer.from(JSON.stringify(draft)), contextOf(owner, place))
      sql('insert or replace into drafts values (?, ?, ?, ?, ?)').run(account, member, place, sealed, clock.now() + lasts) // prettier-ignore
      sql(
        'delete from drafts where account = ? and rowid not in (select rowid from drafts where account = ? order by until desc limit ?)',
      ).run(account, account, mostOfAnAccount)
    }),
    of(owner: DraftOwner, place: string): Draft | undefined {
      const sealed = sql('select sealed from drafts where account = ? and member = ? and place = ? and until >= ?')
        .pluck()
        .get(owner.account, owner.member, place, clock.now()) as Uint8Array | undefined
      if (!sealed) return undefined
      return v.parse(draftSchema, JSON.parse(Buffer.from(master.open(sealed, contextOf(owner, place))).toString()))
    },
    /** Where an owner has drafts: threads, and `newThread`. */
    placesOf: ({ account, member }: DraftOwner) =>
      sql('select place from drafts where account = ? and member = ? and until >= ? order by until desc')
        .pluck()
        .all(account, member, clock.now()) as string[],
    drop,
  }
}

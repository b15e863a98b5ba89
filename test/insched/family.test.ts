/** Whom InSched names as family of a patient: texts tell minors through the guarantor, and only those related share one. */
import { expect, it } from 'vitest'
import { openOffice } from './office.ts'

it('[TEXT-12] guarantor and relations on file go with the patient, and follow what staff change', async () => {
  const at = await openOffice()
  const key = async (local: number): Promise<string> => (await at.bridge.documentOf('patients', local))!
  const named = async (local: number) => {
    await at.bridge.readNow()
    const { guarantor, relatives } = (await at.replica.record('patients', await key(local)))!.fields
    return { guarantor, relatives }
  }
  at.staff.exec('delete from relations; update patients set portal_enabled = 1, guarantor_id = null where patient_id in (1, 2, 3)')
  expect(await named(2)).toEqual({ guarantor: null, relatives: [] })
  at.staff.exec("update patients set guarantor_id = 1 where patient_id = 2; insert into relations values (2, 3, 'spouse')")
  expect(await named(2)).toEqual({ guarantor: await key(1), relatives: [await key(3)] })
  // A guarantor who is no patient is nobody to be told.
  at.staff.exec('update patients set guarantor_id = 999999 where patient_id = 2; delete from relations')
  expect(await named(2)).toEqual({ guarantor: null, relatives: [] })
}) // prettier-ignore

/** Archivos de los mensajes. */
import type { attachments as english } from '../en/attachments.ts'

export const attachments: typeof english = {
  field: 'Archivos',
  hint: 'Fotos (JPEG o PNG), PDF, documentos de Word o videos MP4; hasta 5 archivos de 20 MB cada uno. Se quita el lugar donde se tomó una foto.',
  optional: 'opcional',
  list: 'Archivos de este mensaje',
  kinds: { photo: 'Foto', pdf: 'PDF', word: 'Documento de Word', video: 'Video', other: 'Archivo' },
  onItsWay: 'en camino',
  notSent: 'El mensaje no se envió',
  notSentNext: 'Vuelva atrás: lo que escribió sigue ahí. Elija los archivos de nuevo.',
  waits: {
    title: 'Este archivo todavía está en camino',
    cause: 'El mensaje llega antes que sus archivos.',
    next: 'Abra los mensajes de nuevo en un momento.',
  },
  linkOver: {
    title: 'Este enlace ya no vale',
    cause: 'Un enlace a un archivo vale 15 minutos, para quien lo recibió.',
    next: 'Abra los mensajes de nuevo y tome el archivo desde ahí.',
  },
  refusals: {
    type: (file) => `${file} es un tipo de archivo que no se puede enviar. Se pueden enviar fotos (JPEG o PNG), PDF, documentos de Word (docx) y videos MP4.`, // prettier-ignore
    heic: (file) => `${file} es una foto en el formato HEIC de Apple, que muchas máquinas no pueden abrir. Envíela como JPEG.`, // prettier-ignore
    tooLarge: (file) => `${file} pasa de 20 MB. Envíe uno más pequeño.`,
    tooMany: () => 'Un mensaje lleva como máximo 5 archivos. Envíe los demás con otro mensaje.',
    empty: (file) => `${file} está vacío.`,
    damaged: (file) => `${file} no se puede leer como foto. Puede estar dañada o pasar de 60 megapíxeles.`,
    unsafe: (file) => `El antivirus rechazó ${file}.`,
    unscanned: (file) => `No se pudo revisar ${file} con el antivirus. Inténtelo más tarde.`,
    cut: () => 'Los archivos no llegaron completos. Envíe el mensaje de nuevo.',
    tooMuch: () => 'Hoy se enviaron tantos archivos que no se aceptan más. Inténtelo mañana o llame al consultorio.',
  },
}

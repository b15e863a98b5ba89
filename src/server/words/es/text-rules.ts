/** What staff read where they write rules and words of texts, in Spanish. */
import type { TagClass, TextLanguage, WhyNoTemplate } from '../../../bridges/texts/templates.ts'
import type { Words } from '../en.ts'
import { counting } from '../plural.ts'

const count = counting('es')

const classes: Readonly<Record<TagClass, string>> = {
  public: 'Sobre el consultorio: puede salir',
  appointment: 'Para quién y cuándo: puede salir',
  link: 'Un enlace a una página que pregunta quién es: puede salir',
  identity: 'Quién es el paciente: se queda',
  care: 'Tratamiento: se queda',
  money: 'Dinero: se queda',
}
const wrong: Readonly<Record<WhyNoTemplate, (of: string) => string>> = {
  empty: () => 'Escriba lo que dice el mensaje.',
  'too long': (most) => `Escriba como máximo ${most} letras.`,
  unpaired: (mark) => `«${mark}» no tiene pareja. Una etiqueta va entre { y }, lo que se puede omitir entre [ y ].`,
  'unknown tag': (tag) => `No hay ninguna etiqueta {${tag}}. Las etiquetas están abajo.`,
  'tag that stays': (tag) =>
    `{${tag}} no puede salir en un mensaje de texto: dice demasiado a quien tenga el teléfono.`,
  'no practice': () => 'Un mensaje dice quién escribe: ponga {practice}, fuera de corchetes.',
  'no date and time': () => 'Un mensaje dice cuándo: ponga {when}, o {date} y {time}, fuera de corchetes.',
  'no answer': () => 'Diga cómo confirmar, en mayúsculas, como «Responda C para confirmar».',
  'opt-out word': (word) => `«${word}» no puede ser una respuesta: las redes la toman como baja de todos los mensajes. Cómo darse de baja se añade solo.`, // prettier-ignore
  'own name': (name) => `«${name}» está en el nombre de uno de sus procedimientos, planes o etapas. Un mensaje no puede decir a qué viene un paciente.`, // prettier-ignore
  'too many parts': (parts) => `El mensaje más largo tendría ${parts} partes; puede haber 10.`,
}
const languages: Readonly<Record<TextLanguage, string>> = { en: 'inglés', es: 'español' }

export const textRules: Words['textRules'] = {
  said: { wordsSaved: 'Las palabras están guardadas. Los mensajes lo dicen así desde ahora; lo enviado no se envía otra vez.' }, // prettier-ignore
  which: 'Partes de los mensajes',
  parts: { rules: 'Reglas', words: 'Palabras' },
  words: {
    how: 'Lo que dicen los mensajes, en el idioma que consta del paciente. Cómo darse de baja se añade solo al primer mensaje a un número y a uno al mes.',
    languages,
    of: (kind, language) => `${kind}, ${language}`,
    ofRule: (rule) => `de la regla ${rule}`,
    own: 'Sus palabras',
    usual: 'Palabras habituales',
    edit: 'Cambiar',
    editOf: (what) => `Cambiar: ${what}`,
    all: 'Todas las palabras',
    source: 'El mensaje',
    sourceHint: 'Las etiquetas entre llaves se rellenan para cada paciente. Lo que está entre corchetes se omite donde no se sabe nada para su etiqueta.', // prettier-ignore
    look: 'Ver lo que dice',
    back: 'Volver a las palabras habituales',
    example: 'A alguien inventado',
    longest: 'El más largo que recibiría un paciente',
    parts: (parts) => count(parts, { one: 'parte', other: 'partes' }),
    measure: (units, alphabet) => `${units} letras en ${alphabet}`,
    alphabets: { GSM: 'el alfabeto GSM', 'UCS-2': 'el alfabeto grande, que un nombre necesita' },
    manyParts: 'Cada parte se paga. Menos palabras cuestan menos, y algunos teléfonos cortan los mensajes largos.',
    tags: 'Etiquetas',
    tag: 'Etiqueta',
    tagClass: 'Lo que dice',
    wrong,
    classes,
  },
}

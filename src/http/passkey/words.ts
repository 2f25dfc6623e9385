/** Languages of the passkey page. */
export const pageLanguages = ["en", "pt"] as const;

/** One of them. */
export type PageLanguage = (typeof pageLanguages)[number];

const english = {
  title: "Finish linking with your passkey",
  intro:
    "WhatsApp asks for the passkey of this number before it links this device. Only you can use it, in your browser.",
  number: "For the number that ends in",
  numberUnknown: "Check the phone: only continue if you have just scanned a code for this server yourself.",
  timeLeft: "Time left",
  stepOpen: "Open WhatsApp Web",
  stepOpenText:
    "in this browser, on the computer or phone that has the passkey. Stay on the page with the QR code; do not scan it.",
  openLink: "Open web.whatsapp.com",
  stepRun: "Run the helper there",
  stepRunText:
    "Copy it, press F12 on the WhatsApp page, choose “Console”, paste, press Enter. Chrome may ask you to type “allow pasting” first.",
  copy: "Copy helper",
  copied: "Copied",
  bookmark: "Or drag this to your bookmarks bar and click it on the WhatsApp page:",
  bookmarkName: "wazapi passkey",
  stepUse: "Click the green button",
  stepUseText: "Your browser asks for the passkey and brings you back here by itself.",
  paste: "It did not come back here? Paste the copied result:",
  send: "Send",
  sending: "Sending…",
  waiting: "Accepted by WhatsApp. Now look at the phone and keep WhatsApp open there.",
  linking: "The phone is linking this device…",
  confirm: "Do both screens show the same code?",
  confirmText: "Say yes only when the phone shows exactly this code.",
  also: "If the phone shows a code, it must be this one:",
  yes: "Yes, the same",
  no: "No",
  linked: "Linked. You can close this page.",
  expired: "Too late, or the connection was lost. Link again with a new QR code.",
  refused: "WhatsApp refused it, or the codes differed. Link again with a new QR code.",
  silent:
    "The phone never continued. Was it the passkey of this very number? Is there room for another linked device? Wait some minutes, then link again.",
  dead: "This link was used already or has expired. Ask for a new one.",
  broken: "That is not the result of the helper. Copy it again, completely.",
  offline: "The server does not answer; trying again…",
  safety: "Nobody else should send you to this page: whoever started this linking gets access to the account.",
};

/** The words of the page. */
export type PageWords = typeof english;

const portuguese: PageWords = {
  title: "Termine a conexão com sua chave de acesso",
  intro:
    "O WhatsApp pede a chave de acesso (passkey) deste número antes de conectar este aparelho. Só você pode usá-la, no seu navegador.",
  number: "Para o número que termina em",
  numberUnknown: "Confira o celular: continue apenas se você mesmo acabou de ler um código deste servidor.",
  timeLeft: "Tempo restante",
  stepOpen: "Abra o WhatsApp Web",
  stepOpenText:
    "neste navegador, no computador ou celular que tem a chave de acesso. Fique na página com o QR code; não o leia.",
  openLink: "Abrir web.whatsapp.com",
  stepRun: "Execute o assistente lá",
  stepRunText:
    "Copie, aperte F12 na página do WhatsApp, escolha “Console”, cole e aperte Enter. O Chrome pode pedir que você digite “allow pasting” antes.",
  copy: "Copiar assistente",
  copied: "Copiado",
  bookmark: "Ou arraste isto para a barra de favoritos e clique nele na página do WhatsApp:",
  bookmarkName: "wazapi passkey",
  stepUse: "Clique no botão verde",
  stepUseText: "O navegador pede a chave de acesso e traz você de volta para cá sozinho.",
  paste: "Não voltou para cá? Cole o resultado copiado:",
  send: "Enviar",
  sending: "Enviando…",
  waiting: "Aceito pelo WhatsApp. Agora olhe o celular e deixe o WhatsApp aberto nele.",
  linking: "O celular está conectando este aparelho…",
  confirm: "As duas telas mostram o mesmo código?",
  confirmText: "Diga sim apenas se o celular mostrar exatamente este código.",
  also: "Se o celular mostrar um código, tem de ser este:",
  yes: "Sim, é o mesmo",
  no: "Não",
  linked: "Conectado. Você pode fechar esta página.",
  expired: "Tarde demais, ou a conexão caiu. Conecte de novo com um novo QR code.",
  refused: "O WhatsApp recusou, ou os códigos eram diferentes. Conecte de novo com um novo QR code.",
  silent:
    "O celular não continuou. Era a chave de acesso deste mesmo número? Há lugar para mais um aparelho conectado? Espere alguns minutos e conecte de novo.",
  dead: "Este link já foi usado ou expirou. Peça um novo.",
  broken: "Isto não é o resultado do assistente. Copie de novo, por inteiro.",
  offline: "O servidor não responde; tentando de novo…",
  safety: "Ninguém mais deveria mandar você para esta página: quem começou esta conexão recebe acesso à conta.",
};

/** All of them. */
export const pageWords = { en: english, pt: portuguese } as const satisfies Record<PageLanguage, PageWords>;

/** The language that a browser asks for: the first it names that there is, else English. */
export function pageLanguageOf(acceptLanguage: string | undefined, chosen?: string | null): PageLanguage {
  const wanted = [chosen ?? "", ...(acceptLanguage ?? "").split(",")].map((one) =>
    one.trim().slice(0, 2).toLowerCase(),
  );
  for (const tag of wanted) {
    const known = pageLanguages.find((language) => language === tag);
    if (known !== undefined) return known;
  }
  return "en";
}

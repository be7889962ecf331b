/** Secrets with a shape that their issuers document. A value is the text, or the text and of it what is secret. */
import { base64, base64url, type Draw, iban, withLuhn } from './random-text.ts';

type Make = (draw: Draw) => string | readonly [text: string, secret: string];

/** An issuer's prefix and what follows it. */
const after =
  (prefix: string, make: (draw: Draw) => string, suffix = ''): Make =>
  (draw) => {
    const secret = make(draw);
    return [prefix + secret + suffix, secret];
  };
const alnum = (length: number) => (draw: Draw) => draw.alnum(length);
const hex = (length: number) => (draw: Draw) => draw.hex(length);
const upper = (length: number) => (draw: Draw) => draw.upper(length);

const tokens: readonly (readonly [string, string, (draw: Draw) => string])[] = [
  ['AWS access key', 'AKIA', (draw) => draw.base32(16)],
  ['AWS temporary key', 'ASIA', (draw) => draw.base32(16)],
  ['GitHub personal', 'ghp_', alnum(36)],
  ['GitHub OAuth', 'gho_', alnum(36)],
  ['GitHub user', 'ghu_', alnum(36)],
  ['GitHub server', 'ghs_', alnum(36)],
  ['GitHub refresh', 'ghr_', alnum(36)],
  ['GitHub fine-grained', 'github_pat_', (draw) => `${draw.alnum(22)}_${draw.alnum(59)}`],
  ['GitLab personal', 'glpat-', alnum(20)],
  ['GitLab deploy', 'gldt-', alnum(20)],
  ['GitLab runner', 'glrt-', alnum(20)],
  ['GitLab trigger', 'glptt-', hex(40)],
  ['Slack bot', 'xoxb-', (draw) => `${draw.digits(12)}-${draw.digits(12)}-${draw.alnum(24)}`],
  ['Slack user', 'xoxp-', (draw) => `${draw.digits(12)}-${draw.digits(12)}-${draw.digits(12)}-${draw.hex(32)}`],
  ['Slack app', 'xapp-1-', (draw) => `A${draw.upper(10)}-${draw.digits(13)}-${draw.hex(64)}`],
  ['Stripe live', 'sk_live_', alnum(24)],
  ['Stripe test', 'sk_test_', alnum(24)],
  ['Stripe restricted', 'rk_live_', alnum(24)],
  ['Google API', 'AIza', alnum(35)],
  ['Google OAuth secret', 'GOCSPX-', alnum(28)],
  ['Google access', 'ya29.', alnum(68)],
  ['OpenAI', 'sk-', (draw) => `${draw.alnum(20)}T3BlbkFJ${draw.alnum(20)}`],
  ['OpenAI project', 'sk-proj-', (draw) => `${draw.alnum(74)}T3BlbkFJ${draw.alnum(74)}`],
  ['Anthropic', 'sk-ant-api03-', (draw) => `${draw.alnum(93)}AA`],
  ['Hugging Face', 'hf_', (draw) => `${draw.lower(17)}${draw.lower(17).toUpperCase()}`],
  ['npm', 'npm_', alnum(36)],
  ['PyPI', 'pypi-AgEIcHlwaS5vcmc', alnum(70)],
  ['RubyGems', 'rubygems_', hex(48)],
  ['Docker Hub', 'dckr_pat_', alnum(27)],
  ['SendGrid', 'SG.', (draw) => `${draw.alnum(22)}.${draw.alnum(43)}`],
  ['Sendinblue', 'xkeysib-', (draw) => `${draw.hex(64)}-${draw.alnum(16)}`],
  ['Mailgun', 'key-', hex(32)],
  ['Twilio', 'SK', hex(32)],
  ['Shopify access', 'shpat_', hex(32)],
  ['Shopify secret', 'shpss_', hex(32)],
  ['Square access', 'sq0atp-', alnum(22)],
  ['Square secret', 'sq0csp-', alnum(43)],
  ['DigitalOcean', 'dop_v1_', hex(64)],
  ['DigitalOcean OAuth', 'doo_v1_', hex(64)],
  ['Linear', 'lin_api_', alnum(40)],
  ['Notion', 'ntn_', (draw) => `${draw.digits(11)}${draw.alnum(35)}`],
  ['Postman', 'PMAK-', (draw) => `${draw.hex(24)}-${draw.hex(34)}`],
  ['New Relic', 'NRAK-', upper(27)],
  ['Grafana service', 'glsa_', (draw) => `${draw.alnum(32)}_${draw.hex(8)}`],
  ['Databricks', 'dapi', hex(32)],
  ['Doppler', 'dp.pt.', alnum(43)],
  ['Vault service', 'hvs.', alnum(95)],
  ['Pulumi', 'pul-', hex(40)],
  ['PlanetScale', 'pscale_tkn_', alnum(43)],
  ['Supabase', 'sbp_', hex(40)],
  ['Fly', 'fo1_', alnum(43)],
  [
    'age',
    'AGE-SECRET-KEY-1',
    (draw) => Array.from({ length: 58 }, () => 'QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L'[draw.below(32)]).join(''),
  ],
  ['Sentry', 'sntryu_', hex(64)],
  ['Atlassian', 'ATATT3', alnum(186)],
  ['Typeform', 'tfp_', alnum(59)],
  ['Airtable', 'pat', (draw) => `${draw.alnum(14)}.${draw.hex(64)}`],
  ['Clojars', 'CLOJARS_', (draw) => draw.hex(60)],
  ['EasyPost', 'EZAK', alnum(54)],
  ['Shippo', 'shippo_live_', hex(40)],
  ['Alibaba', 'LTAI', alnum(20)],
  ['Dynatrace', 'dt0c01.', (draw) => `${draw.upper(24)}.${draw.upper(64)}`],
  ['Perplexity', 'pplx-', alnum(48)],
  ['Prefect', 'pnu_', alnum(36)],
  ['README', 'rdme_', (draw) => draw.hex(70)],
  ['Infracost', 'ico-', alnum(32)],
  ['Frame.io', 'fio-u-', alnum(64)],
  ['Duffel', 'duffel_live_', alnum(43)],
  ['Adafruit', 'aio_', alnum(28)],
  ['OpenShift', 'sha256~', alnum(43)],
  ['Sourcegraph', 'sgp_', hex(40)],
  ['Contentful', 'CFPAT-', alnum(43)],
  ['Figma', 'figd_', alnum(40)],
  ['Heroku', 'HRKU-AA', alnum(58)],
  ['Facebook', 'EAACEdEose0cBA', alnum(90)],
  ['Mapbox', 'sk.eyJ1Ijoi', (draw) => `${draw.alnum(60)}.${draw.alnum(22)}`],
];

const pem =
  (label: string, lines = 6): Make =>
  (draw) => {
    const body = Array.from({ length: lines }, () => draw.alnum(64)).join('\n');
    return [`-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`, body.split('\n')[2]!];
  };
const card =
  (prefix: string, length: number, groups = ''): Make =>
  (draw) => {
    const text = withLuhn(prefix + draw.digits(length - prefix.length - 1));
    return groups === '' ? text : text.replace(/(\d{4})(?=\d)/g, `$1${groups}`);
  };
const connection =
  (before: string, behind: string): Make =>
  (draw) => {
    const secret = draw.word();
    return [before + secret + behind, secret];
  };

export const shapedKinds: readonly (readonly [string, Make])[] = [
  ...tokens.map(([label, prefix, make]) => [label, after(prefix, make)] as const),
  [
    'JWT',
    (draw) => {
      const claims = base64url(JSON.stringify({ sub: draw.digits(10), jti: draw.alnum(12) }));
      return [`${base64url('{"alg":"HS256","typ":"JWT"}')}.${claims}.${draw.alnum(43)}`, claims.slice(20)];
    },
  ],
  ['PEM RSA', pem('RSA PRIVATE KEY')],
  ['PEM PKCS 8', pem('PRIVATE KEY')],
  ['PEM EC', pem('EC PRIVATE KEY', 3)],
  ['PEM OpenSSH', pem('OPENSSH PRIVATE KEY', 7)],
  ['PGP', pem('PGP PRIVATE KEY BLOCK', 8)],
  ['Visa', card('4', 16)],
  ['Visa in groups', card('4539', 16, ' ')],
  ['Mastercard in groups', card('5425', 16, '-')],
  ['American Express', card('37', 15)],
  ['IBAN', (draw) => iban('DE', draw.digits(18))],
  ['IBAN in groups', (draw) => iban('GB', `NWBK${draw.digits(14)}`).replace(/(.{4})(?=.)/g, '$1 ')],
  ['social security number', (draw) => `5${draw.digits(2)}-4${draw.digits(1)}-${draw.digits(4)}`],
  ['PostgreSQL URL', connection('postgres://app:', '@db.internal:5432/app')],
  ['MySQL URL', connection('mysql://app:', '@db.internal/app')],
  ['MongoDB URL', connection('mongodb+srv://app:', '@cluster0.mongodb.example/app?retryWrites=true')],
  ['Redis URL', connection('redis://:', '@cache.internal:6379/0')],
  ['AMQP URL', connection('amqps://app:', '@mq.internal/vhost')],
  ['ADO.NET', connection('Server=db;Database=app;User Id=app;Password=', ';Encrypt=true')],
  [
    'Azure storage',
    (draw) => {
      const secret = draw.alnum(86);
      return [
        `DefaultEndpointsProtocol=https;AccountName=app;AccountKey=${secret}==;EndpointSuffix=core.windows.net`,
        secret,
      ];
    },
  ],
  [
    'Azure SAS',
    (draw) => {
      const secret = draw.alnum(43);
      return [`https://app.blob.core.windows.net/c/b?sv=2022-11-02&sr=b&se=2027-01-01&sp=r&sig=${secret}%3D`, secret];
    },
  ],
  [
    'Slack webhook',
    (draw) => {
      const secret = draw.alnum(24);
      return [`https://hooks.slack.com/services/T${draw.upper(10)}/B${draw.upper(10)}/${secret}`, secret];
    },
  ],
  [
    'Telegram bot',
    (draw) => {
      const secret = `AA${draw.alnum(33)}`;
      return [`${draw.digits(10)}:${secret}`, secret];
    },
  ],
  [
    'Basic credentials',
    (draw) => {
      const secret = base64(`app:${draw.word()}${draw.word()}`);
      return [`Basic ${secret}`, secret];
    },
  ],
  [
    'Bearer credentials',
    (draw) => {
      const secret = draw.alnum(32);
      return [`Bearer ${secret}`, secret];
    },
  ],
];

/** Names that APIs give to secrets, with values that have no shape of their own. */
import type { Draw } from './random-text.ts';

type Make = (draw: Draw) => string;

const word: Make = (draw) => draw.word();
const opaque: Make = (draw) => draw.alnum(24);
const pass: Make = (draw) => `${draw.word()}!$${draw.lower(3)}`;
const phrase: Make = (draw) => `${draw.word()} ${draw.lower(6)} ${draw.lower(5)}`;
const digits =
  (length: number): Make =>
  (draw) =>
    draw.digits(length);
const hex: Make = (draw) => draw.hex(20);
const date: Make = (draw) => `19${draw.digits(2)}-0${1 + draw.below(9)}-1${draw.below(10)}`;
const mixed: Make = (draw) => `${draw.upper(2)}${draw.digits(8)}`;

const byMake: readonly (readonly [Make, string])[] = [
  [
    word,
    `password passwd pwd passphrase passcode userPassword new_password old_password password_confirmation
    currentPassword db_password smtp_password ftp_password j_password pass security_answer securityAnswer
    kennwort passwort zugangscode geheimnis mot_de_passe motdepasse contraseña contrasena clave_secreta senha
    wachtwoord parola_ordine lösenord hasło пароль 密码 パスワード 비밀번호 magic_link secret pgp_passphrase`,
  ],
  [pass, 'admin_password root_password wifi_psk PGPASSWORD MYSQL_PWD credentials credential login_password'],
  [
    opaque,
    `client_secret clientSecret api_key apikey apiKey api_token apitoken access_token accessToken refresh_token
    refreshToken id_token auth_token authToken auth_key authkey bearer bearer_token session_id sessionid sessionToken
    session_token csrf_token csrfToken xsrf_token x-api-key x-auth-token x-csrf-token device_code code_verifier
    secret_key secretKey private_key privateKey signing_key encryption_key master_key access_key
    aws_secret_access_key webhook_secret client_assertion reset_token invite_token activation_token
    consumer_secret oauth_token oauth_token_secret oauth_verifier bot_token deploy_token personal_access_token
    subscription_key sas_token shared_access_key account_key storage_key admin_token x-vault-token private_token
    job_token jwt jwt_token SAMLResponse PHPSESSID JSESSIONID connect.sid ASP.NET_SessionId auth_cookie
    remember_token user_token login_token token hmac_key shared_secret app_secret appSecret tokenSecret
    authorization_code x-amz-security-token x-goog-api-key stripe_key license_key api-secret ssh_key
    recovery_key access_code service_account_key push_token fcm_token device_token connection_string`,
  ],
  [phrase, 'seed_phrase mnemonic recovery_phrase secret_question_answer'],
  [
    digits(8),
    `otp totp mfa_code mfaCode verification_code verificationCode sms_code one_time_code otp_code two_factor_code
    auth_code security_code pin pin_code recovery_code backup_code confirmation_code tan einmalpasswort`,
  ],
  [digits(6), 'one_time_password 2fa_code cvv cvc cvc2 card_cvv'],
  [
    digits(12),
    `card_number cardNumber creditcard credit_card_number cc_number account_number accountNumber bank_account
    routing_number iban ssn social_security_number socialSecurityNumber tax_id taxId steuernummer steuer_id
    national_id nationalId national_insurance_number cpf personnummer sozialversicherungsnummer aadhaar`,
  ],
  [mixed, 'passport passport_number passportNumber drivers_license driver_license_number ausweisnummer'],
  [hex, 'signature x-hub-signature password_hash passwordHash sig'],
  [date, 'date_of_birth dateOfBirth birthdate geburtsdatum'],
];

export const namedKinds: readonly (readonly [string, Make])[] = byMake.flatMap(([make, names]) =>
  names.split(/\s+/).map((name) => [name, make] as const),
);

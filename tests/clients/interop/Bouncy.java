// BouncyCastle 1.78.1: `java -cp bcprov.jar Bouncy.java FILE`, a file of properties.
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Properties;
import org.bouncycastle.asn1.ASN1Integer;
import org.bouncycastle.asn1.ASN1OctetString;
import org.bouncycastle.asn1.ASN1Sequence;
import org.bouncycastle.asn1.gm.GMNamedCurves;
import org.bouncycastle.asn1.x9.X9ECParameters;
import org.bouncycastle.crypto.engines.SM2Engine;
import org.bouncycastle.crypto.engines.SM4Engine;
import org.bouncycastle.crypto.modes.GCMBlockCipher;
import org.bouncycastle.crypto.modes.GCMModeCipher;
import org.bouncycastle.crypto.params.AEADParameters;
import org.bouncycastle.crypto.params.ECDomainParameters;
import org.bouncycastle.crypto.params.ECPrivateKeyParameters;
import org.bouncycastle.crypto.params.ECPublicKeyParameters;
import org.bouncycastle.crypto.params.KeyParameter;
import org.bouncycastle.crypto.params.ParametersWithID;
import org.bouncycastle.crypto.signers.PlainDSAEncoding;
import org.bouncycastle.crypto.signers.SM2Signer;
import org.bouncycastle.crypto.digests.SM3Digest;
import org.bouncycastle.util.BigIntegers;
import org.bouncycastle.util.encoders.Hex;

public final class Bouncy {
    static final byte[] USER_ID = "1234567812345678".getBytes(StandardCharsets.US_ASCII);

    public static void main(String[] arguments) throws Exception {
        Properties given = new Properties();
        try (Reader file = new InputStreamReader(new FileInputStream(arguments[0]), StandardCharsets.UTF_8)) {
            given.load(file);
        }
        X9ECParameters curve = GMNamedCurves.getByName("sm2p256v1");
        ECDomainParameters domain = new ECDomainParameters(curve.getCurve(), curve.getG(), curve.getN());
        ECPrivateKeyParameters key = new ECPrivateKeyParameters(new BigInteger(given.getProperty("privateKey"), 16), domain);
        byte[] text = given.getProperty("text").getBytes(StandardCharsets.UTF_8);

        // 签名
        SM2Signer signer = new SM2Signer(PlainDSAEncoding.INSTANCE, new SM3Digest());
        signer.init(true, new ParametersWithID(key, USER_ID));
        signer.update(text, 0, text.length);
        String header = "sig=:" + Base64.getEncoder().encodeToString(signer.generateSignature()) + ":";

        // 打开答复：GM/T 0009 的 DER 改写为 C1C3C2，带 04
        ASN1Sequence der = ASN1Sequence.getInstance(Hex.decode(given.getProperty("wrapped")));
        byte[] c2 = ASN1OctetString.getInstance(der.getObjectAt(3)).getOctets();
        byte[] plainOrder = new byte[97 + c2.length];
        plainOrder[0] = 4;
        for (int half = 0; half < 2; half++) {
            BigInteger number = ASN1Integer.getInstance(der.getObjectAt(half)).getPositiveValue();
            System.arraycopy(BigIntegers.asUnsignedByteArray(32, number), 0, plainOrder, 1 + 32 * half, 32);
        }
        System.arraycopy(ASN1OctetString.getInstance(der.getObjectAt(2)).getOctets(), 0, plainOrder, 65, 32);
        System.arraycopy(c2, 0, plainOrder, 97, c2.length);
        SM2Engine engine = new SM2Engine(new SM3Digest(), SM2Engine.Mode.C1C3C2);
        engine.init(false, key);
        byte[] dataKey = engine.processBlock(plainOrder, 0, plainOrder.length);
        GCMModeCipher gcm = GCMBlockCipher.newInstance(new SM4Engine());
        gcm.init(false, new AEADParameters(new KeyParameter(dataKey), 128, Hex.decode(given.getProperty("iv")), Hex.decode(given.getProperty("aad"))));
        byte[] sealed = Hex.decode(given.getProperty("sealed"));
        byte[] plain = new byte[gcm.getOutputSize(sealed.length)];
        gcm.doFinal(plain, gcm.processBytes(sealed, 0, sealed.length, plain, 0));

        // 核验回执：检查点的签名
        ECPublicKeyParameters node = new ECPublicKeyParameters(curve.getCurve().decodePoint(Hex.decode("04" + given.getProperty("signer"))), domain);
        boolean[] holds = new boolean[2];
        for (int forged = 0; forged < 2; forged++) {
            byte[] checkpoint = (given.getProperty("checkpoint") + "x".repeat(forged)).getBytes(StandardCharsets.UTF_8);
            SM2Signer verifier = new SM2Signer(PlainDSAEncoding.INSTANCE, new SM3Digest());
            verifier.init(false, new ParametersWithID(node, USER_ID));
            verifier.update(checkpoint, 0, checkpoint.length);
            holds[forged] = verifier.verifySignature(Hex.decode(given.getProperty("signature")));
        }
        System.out.printf("{\"header\": \"%s\", \"key\": \"%s\", \"plain\": \"%s\", \"holds\": %b, \"forged\": %b}%n",
            header, Hex.toHexString(dataKey), Hex.toHexString(plain), holds[0], holds[1]);
    }
}

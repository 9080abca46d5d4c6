import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;

/** Renders one template a line, base64-encoded both ways; the answer begins with a plus, or a minus if it is an error. */
public class Velocity {
    public static void main(String[] arguments) throws Exception {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.US_ASCII));
        VelocityEngine engine = new VelocityEngine();
        engine.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
        PrintStream out = new PrintStream(System.out, true, "US-ASCII");
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String template = new String(Base64.getDecoder().decode(line), StandardCharsets.UTF_8);
            String answer;
            try {
                StringWriter text = new StringWriter();
                engine.evaluate(new VelocityContext(), text, "template", template);
                answer = "+" + encode(text.toString());
            } catch (Throwable error) {
                answer = "-" + encode(String.valueOf(error.getMessage()));
            }
            out.println(answer);
        }
    }

    private static String encode(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }
}

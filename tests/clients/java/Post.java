// POSTs standard input with the JDK's own HTTP client and prints status, line feed, answer:
//   java Post.java HTTP_2|HTTP_1_1 whole|chunked URL [NAME VALUE]...
// HTTP_2 is the client's default: over plain TCP it offers HTTP/2 by `Upgrade: h2c`.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublisher;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Arrays;

public class Post {
    public static void main(String[] given) throws Exception {
        byte[] body = System.in.readAllBytes();
        BodyPublisher whole = BodyPublishers.ofByteArray(body);
        // Without a length the client sends chunks.
        BodyPublisher sent = given[1].equals("chunked") ? BodyPublishers.fromPublisher(whole) : whole;
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(given[2])).POST(sent);
        if (given.length > 3) {
            request.headers(Arrays.copyOfRange(given, 3, given.length));
        }
        HttpClient client =
                HttpClient.newBuilder().version(HttpClient.Version.valueOf(given[0])).build();
        HttpResponse<byte[]> answer = client.send(request.build(), BodyHandlers.ofByteArray());
        System.out.println(answer.statusCode());
        System.out.write(answer.body());
        System.out.flush();
    }
}

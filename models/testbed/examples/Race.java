/* The race in one cluster, with nothing but the JDK (17 or later):  java Race.java http://127.0.0.1:8080
 *
 * Adds the temporary host, waits for the callback, asks for maintenance at once, waits for a callback that does not come, and
 * tells that the upgrade has failed: so it is in the service's record.
 */
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

public class Race {
    static final HttpClient client = HttpClient.newHttpClient();
    static final BlockingQueue<String> told = new LinkedBlockingQueue<>();

    static void post(String url, String body) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body)).build();
        var answer = client.send(request, HttpResponse.BodyHandlers.ofString());
        System.out.println("answer " + answer.statusCode() + " " + answer.body());
    }

    static boolean await(int seconds) throws Exception {
        var body = told.poll(seconds, TimeUnit.SECONDS);
        System.out.println(body == null ? "no callback within " + seconds + " s" : "callback " + body);
        return body != null;
    }

    public static void main(String[] words) throws Exception {
        var receiver = HttpServer.create(new InetSocketAddress("127.0.0.1", 0), 0);
        receiver.createContext("/ended", exchange -> {
            told.add(new String(exchange.getRequestBody().readAllBytes()));
            exchange.sendResponseHeaders(204, -1);
            exchange.close();
        });
        receiver.start();
        var here = "http://127.0.0.1:" + receiver.getAddress().getPort() + "/ended";
        post(words[0] + "/v1/callbacks", "{\"client\": \"java\", \"url\": \"" + here + "\"}");
        var cluster = words[0] + "/v1/sddcs/14/clusters/0";
        post(cluster + "/hosts", "");
        await(30);
        post(cluster + "/hosts/0/maintenance", "{\"mode\": \"enter\"}");
        var end = await(3) ? "\"succeeded\"" : "\"failed\", \"reason\": \"deadline\"";
        post(words[0] + "/v1/sddcs/14/workflow", "{\"state\": " + end + "}");
        receiver.stop(0);
    }
}

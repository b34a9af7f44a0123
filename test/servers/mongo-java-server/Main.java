import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import java.util.List;

/** An independent MongoDB server for `npm run test:servers`. Prints its address, and ends with its standard input. */
class Main {
    public static void main(String[] files) throws Exception {
        H2Backend backend = new H2Backend(files[0]);
        // The driver refuses the versions that the server knows by itself.
        backend.version(new MongoVersion() {
            public List<Integer> getVersionArray() { return List.of(5, 0, 0); }
            public int getWireVersion() { return 13; }
        });
        MongoServer server = new MongoServer(backend);
        System.out.println(server.bindAndGetConnectionString());
        while (System.in.read() >= 0) { }
        server.shutdownNow();
    }
}
